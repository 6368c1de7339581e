// SPDX-License-Identifier: Apache-2.0
// Iterators and traced functions, which name types and functions of the kernel.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("iter/task")
int walk_tasks(void *ctx) { return 0; }

SEC("iter/bpf_map")
int walk_maps(void *ctx) { return 0; }

SEC("tp_btf/sched_switch")
int typed(void *ctx) { return 0; }

char _license[] SEC("license") = "GPL";
