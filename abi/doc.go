// Package abi holds the numbers, names and layouts of bpf(2)'s map half, and no behaviour.
//
// It answers for include/uapi/linux/bpf.h and include/uapi/asm-generic/errno*.h of Linux 6.18; kernel
// spelling (BPF_MAP_CREATE, EINVAL) appears only in the String methods here.
package abi
