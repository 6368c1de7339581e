//go:build ignore

// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum what { STARTED, ENDED };

struct event {
	__u64 stamp;
	__u32 pid;
	__u32 uid;
	enum what what;
	__u8 command[16];
};
struct event *unused_event __attribute__((unused)); // so that its BTF is there for bpf2go

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct command {
	__u8 name[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

struct { // commands that nobody wants to hear of
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct command);
	__type(value, __u8);
} muted SEC(".maps");

struct { // by source address
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct traffic);
} peers SEC(".maps");

struct { // by IP protocol
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} protocols SEC(".maps");

const volatile __u32 min_uid = 0; // users below are not watched
_Bool paused;
__u64 lost; // events for which there was no room

static int report(enum what what)
{
	struct command command = {};
	__u32 uid = bpf_get_current_uid_gid();
	struct event *e;

	if (paused || uid < min_uid)
		return 0;
	bpf_get_current_comm(&command, sizeof(command));
	if (bpf_map_lookup_elem(&muted, &command))
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	e->stamp = bpf_ktime_get_ns();
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->uid = uid;
	e->what = what;
	__builtin_memcpy(e->command, command.name, sizeof(e->command));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("raw_tracepoint/sched_process_exec")
int started(void *ctx) { return report(STARTED); }

SEC("kprobe.multi/do_exit")
int ended(void *ctx) { return report(ENDED); }

SEC("xdp")
int count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct traffic first = {1, end - data}, *known;
	__u32 source, protocol;
	__u64 *packets;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	protocol = ip->protocol;
	packets = bpf_map_lookup_elem(&protocols, &protocol);
	if (packets)
		++*packets;
	source = ip->saddr;
	known = bpf_map_lookup_elem(&peers, &source);
	if (!known) {
		bpf_map_update_elem(&peers, &source, &first, BPF_NOEXIST);
	} else {
		__sync_fetch_and_add(&known->packets, 1);
		__sync_fetch_and_add(&known->bytes, end - data);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
