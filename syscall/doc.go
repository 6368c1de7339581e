// Package bpfsys is the bpf(2) system call: bytes in, a command on an object, bytes out.
//
// It owns user memory, attr layouts, the order of checks, fds, ids, names, pins and permissions. It answers for
// kernel/bpf/syscall.c and kernel/bpf/inode.c of Linux 6.18, and for BPF_MAP_DUMP as mailed in 2019.
package bpfsys
