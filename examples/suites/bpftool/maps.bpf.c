// SPDX-License-Identifier: Apache-2.0
// Maps with BTF, globals, and programs that use them.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum kind { KIND_NONE, KIND_OPEN, KIND_CLOSE };

struct counter {
	__u64 packets;
	__u32 bytes[2];
	enum kind kind;
	_Bool seen;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

const volatile __u32 limit = 7;
__u32 level = 3;
__u64 drops;

SEC("socket")
int count(struct __sk_buff *skb)
{
	drops += limit + level;
	return 0;
}

SEC("socket")
int note(struct __sk_buff *skb)
{
	__u64 stamp = 1;

	bpf_ringbuf_output(&events, &stamp, sizeof(stamp), 0);
	return 0;
}

SEC("socket")
int sum(struct __sk_buff *skb)
{
	struct counter none = {};
	__u32 key = 0;

	bpf_map_update_elem(&counters, &key, &none, BPF_ANY);
	bpf_map_delete_elem(&totals, &key);
	return 0;
}

char _license[] SEC("license") = "GPL";
