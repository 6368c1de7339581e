package traps

// freeAhead is how many free elements a CPU takes for itself from those of an LRU map (kernel/bpf/bpf_lru_list.c).
const freeAhead = 128

// LRUEntries is how many entries an LRU map needs so that none of most elements is evicted: CPUs keep free ones that no other CPU gets.
func LRUEntries(most, cpus int) int { return most + freeAhead*cpus }

// PartSize is the room that each CPU's part of a value takes.
func PartSize(valueSize int) int { return (valueSize + 7) &^ 7 }
