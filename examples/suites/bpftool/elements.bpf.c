// SPDX-License-Identifier: Apache-2.0
// An iterator over the elements of a map.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("iter/bpf_map_elem")
int walk_elements(void *ctx) { return 0; }

char _license[] SEC("license") = "GPL";
