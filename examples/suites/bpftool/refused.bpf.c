// SPDX-License-Identifier: Apache-2.0
// What Linux's verifier refuses: a byte of the packet is read without a look at where it ends.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int peek(struct xdp_md *ctx)
{
	return *(char *)(long)ctx->data;
}

char _license[] SEC("license") = "GPL";
