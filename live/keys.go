package live

import "github.com/bpfsim/bpfsim/abi"

// The keys of a map that is walked: some that nobody touches, some that are updated, and some that come and go. Those
// before startKeys are there when a walk begins; an array has all of them always.
const (
	stableKeys  = 4
	updatedKeys = 8
	startKeys   = 12
	allKeys     = 16
)

// crowded are keys that share four buckets of 256, and so of 16, under BPF_F_ZERO_SEED: what happens to one of them is
// felt by a walk at another one. Neighbours here are in different buckets.
var crowded = []uint32{
	170, 937, 356, 9,
	181, 1016, 746, 38,
	420, 1051, 898, 176,
	777, 1566, 920, 198,
}

// indices are the keys of an array.
var indices = []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func keysOf(kind abi.MapType) []uint32 {
	if kind == abi.Array {
		return indices
	}
	return crowded
}
