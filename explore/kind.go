package explore

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Kind is a map type with the flags that change how it can be walked.
type Kind struct {
	Name  string
	Type  abi.MapType
	Flags uint32
}

// Kinds are the kinds of maps that the grid asks about, in the order of its tables.
func Kinds() []Kind {
	return []Kind{
		{"HASH", abi.Hash, 0},
		{"HASH BPF_F_NO_PREALLOC", abi.Hash, abi.FlagNoPrealloc},
		{"LRU_HASH", abi.LRUHash, 0},
		{"LRU_HASH BPF_F_NO_COMMON_LRU", abi.LRUHash, abi.FlagNoCommonLRU},
		{"ARRAY", abi.Array, 0},
		{"PERCPU_HASH", abi.PerCPUHash, 0},
		{"LRU_PERCPU_HASH", abi.LRUPerCPUHash, 0},
		{"PERCPU_ARRAY", abi.PerCPUArray, 0},
		{"LPM_TRIE", abi.LPMTrie, 0},
	}
}

func (k Kind) wayNames() []string { return names(k.Ways()) }

// Ways are the ways of walking that read a map of the kind.
func (k Kind) Ways() []Way {
	return slices.DeleteFunc(Ways(), func(w Way) bool { return !slices.Contains(w.Types, k.Type) })
}
