// SPDX-License-Identifier: Apache-2.0
// A TCP congestion control that keeps the window as it is.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock {
} __attribute__((preserve_access_index));

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	void (*init)(struct sock *sk);
	char name[16];
	__u32 flags;
} __attribute__((preserve_access_index));

SEC("struct_ops")
__u32 BPF_PROG(keep_ssthresh, struct sock *sk) { return 2; }

SEC("struct_ops")
void BPF_PROG(keep_cong_avoid, struct sock *sk, __u32 ack, __u32 acked) {}

SEC("struct_ops")
__u32 BPF_PROG(keep_undo_cwnd, struct sock *sk) { return 2; }

SEC(".struct_ops")
struct tcp_congestion_ops keep = {
	.ssthresh = (void *)keep_ssthresh,
	.cong_avoid = (void *)keep_cong_avoid,
	.undo_cwnd = (void *)keep_undo_cwnd,
	.name = "bpfsim_keep",
};

char LICENSE[] SEC("license") = "GPL";
