// Package maps holds the map types themselves: what a key or a value is, which order a walk has, who is evicted.
//
// It knows no user memory, fds, ids or permissions; those are bpfsys. It answers for kernel/bpf/hashtab.c,
// bpf_lru_list.c, arraymap.c, lpm_trie.c, bloom_filter.c, map_in_map.c and queue_stack_maps.c of Linux 6.18.
//
// [New] makes a map of a [Spec], which [Check] has looked at; what a map can do is which of the small interfaces it implements ([Lookuper],
// [Updater], [Buckets], ...). A [Task] says who calls, on which CPU, and whether a [Scheduler] decides at each [Point] who goes on.
package maps
