// SPDX-License-Identifier: Apache-2.0
// A CO-RE object: it reads fields of the kernel's types, at offsets that libbpf finds in the running kernel's BTF.

#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
} __attribute__((preserve_access_index));

struct task_struct___made_up {
	int no_such_field;
} __attribute__((preserve_access_index));

struct event {
	int tgid, parent;
	_Bool made_up;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct event);
} last SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} shared SEC(".maps");

const volatile int watched = -1; // the tgid to tell of; none
int seen;

SEC("raw_tracepoint/sched_switch")
int on_switch(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event e = {};

	e.tgid = BPF_CORE_READ(task, tgid);
	if (e.tgid != watched)
		return 0;
	e.parent = BPF_CORE_READ(task, real_parent, tgid);
	e.made_up = bpf_core_field_exists(((struct task_struct___made_up *)task)->no_such_field);
	bpf_map_update_elem(&last, &e.tgid, &e, BPF_ANY);
	bpf_ringbuf_output(&events, &e, sizeof(e), 0);
	bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &e, sizeof(e));
	seen++;
	return 0;
}

SEC("tracepoint/sched/sched_process_exit")
int on_exit(void *ctx) { return 0; }

SEC("xdp")
int on_packet(struct xdp_md *ctx) { return XDP_PASS; }

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *skb) { return 1; }

char _license[] SEC("license") = "GPL";
