// Package model is the executable specification of the map half of bpf(2) on Linux 6.18, plus the dump commands
// that no Linux has.
//
// It judges what was seen: given a state, a call and its result, State.Next gives the states the kernel may be in now,
// and none when the kernel's rules forbid that result, down to the last byte of user memory. It answers for
// kernel/bpf/syscall.c, hashtab.c, bpf_lru_list.c, arraymap.c, lpm_trie.c,
// bloom_filter.c, queue_stack_maps.c and inode.c. It is written from
// documents and from experiments on a running kernel, with the plainest data that is obviously right, and shares
// nothing with the emulation that it judges.
//
// It is not an emulator: an fd or an id that the kernel chose is learned from the result, and so is the order of a hash
// map without BPF_F_ZERO_SEED. One process calls, on any CPU, one call at a time. State.EnterDump goes
// through BPF_MAP_DUMP call by call, for others to run in between; DumpLoop is its loop alone.
//
// Left out by name: map types without a row in kinds, and commands without map semantics
// (every result is legal, and nothing is known of such a map); BTF and token fds that are valid; directory fds in
// OBJ_PIN and OBJ_GET; relative path names, and paths outside the BPF file system, which may fail in any way. Memory
// that a call can reach must be given whole: an address outside all regions faults.
//
// To judge calls, [New] makes a [State], and [Possible] keeps all that a kernel may be in. To judge a walk that others disturbed, record a [History] and ask
// a [Contract] of it ([ContractByName], [Contracts]).
package model
