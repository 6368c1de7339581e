// Package model is the executable specification of the map half of bpf(2) on Linux 6.18, plus BPF_MAP_DUMP of RFC v3.
//
// It judges what was seen: given a state, a call and its result, Next gives the states the kernel may be in now, and none
// when the kernel's rules forbid that result. It answers for kernel/bpf/syscall.c, hashtab.c, bpf_lru_list.c,
// arraymap.c, queue_stack_maps.c and inode.c. It is written from documents and from experiments on a running kernel,
// with the plainest data that is obviously right, and shares nothing with the emulation that it judges.
//
// It is not an emulator: an fd or an id that the kernel chose is learned from the result. One process calls, on any
// CPU, one call at a time. Programs create HASH, LRU_HASH, ARRAY, QUEUE and STACK maps only, give no BTF type ids to
// MAP_CREATE and name no directory fd in OBJ_PIN and OBJ_GET.
package model
