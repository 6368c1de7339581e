// SPDX-License-Identifier: Apache-2.0
// A program of each of the types that bpftool and libbpf attach.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PLAIN(section, name, result) \
	SEC(section) int name(void *ctx) { return result; }

PLAIN("xdp", pass, XDP_PASS)
PLAIN("xdp", drop, XDP_DROP)
PLAIN("cgroup_skb/ingress", ingress, 1)
PLAIN("cgroup_skb/egress", egress, 1)
PLAIN("cgroup/sock_create", sock, 1)
PLAIN("cgroup/connect4", connect4, 1)
PLAIN("cgroup/dev", device, 1)
PLAIN("cgroup/sysctl", sysctl, 1)
PLAIN("sockops", ops, 1)
PLAIN("sk_msg", msg, SK_PASS)
PLAIN("sk_skb/stream_verdict", verdict, SK_PASS)
PLAIN("sk_skb/stream_parser", parser, 0)
PLAIN("flow_dissector", dissector, BPF_OK)
PLAIN("sk_lookup", lookup, SK_PASS)
PLAIN("tc", classify, 0)
PLAIN("raw_tracepoint/sched_switch", raw, 0)
PLAIN("tracepoint/sched/sched_switch", point, 0)
PLAIN("perf_event", sample, 0)

char _license[] SEC("license") = "GPL";
