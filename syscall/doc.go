// Package bpfsys is the bpf(2) system call: bytes in, a command on an object, bytes out.
//
// It owns user memory, attr layouts, the order of checks, fds, ids, names, pins and permissions. It answers for
// kernel/bpf/syscall.c and kernel/bpf/inode.c of Linux 6.18, and for BPF_MAP_DUMP as mailed in 2019.
//
// Start with [NewKernel] and a [Caller], which lays a call's bytes out in an [Arena] and makes it: Do([MapCreate]{...}). From there
//   - play a BPF program's part: [Helpers], on a CPU of a [Process]'s own;
//   - look at what is there: [Kernel.Maps], [Kernel.Programs], [Kernel.Links], [Kernel.Attachments];
//   - let calls fail, or see each: [Options] with Fault and its other hooks;
//   - answer calls of a real program: give [Kernel.Bpf] your [Memory], [Files] and [FileSystem], as package intercept does.
package bpfsys
