// SPDX-License-Identifier: Apache-2.0
// One XDP program, with line information.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass_small(struct xdp_md *ctx)
{
	if (ctx->data_end - ctx->data > 1500)
		return XDP_DROP;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
