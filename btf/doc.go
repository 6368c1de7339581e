// Package btf reads and checks BTF, the types of a BPF program or map as BPF_BTF_LOAD takes them, and finds in a map's value
// the fields that the kernel keeps for itself. It answers for kernel/bpf/btf.c of Linux 6.18: which bytes are BTF, with which
// errno the others are refused, and what the log says. No bytes make it panic.
package btf
