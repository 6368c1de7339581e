package maps

import (
	"math"

	"github.com/bpfsim/bpfsim/abi"
)

// New makes an empty map of a spec that Check accepts. It answers what the kernel finds out only when it allocates:
// E2BIG for a hash type with more than 2^27 buckets, ENOMEM for more than 16 GiB that Linux would allocate at once.
func New(spec Spec) (Map, abi.Errno) {
	switch spec.Type {
	case abi.Hash, abi.LRUHash:
		return newHashType(spec)
	case abi.Array:
		return sized(spec, arrayBytes(spec), newArray)
	case abi.Queue, abi.Stack:
		return sized(spec, queueBytes(spec), newQueue)
	}
	return nil, abi.EINVAL
}

// newHashType makes a HASH or LRU_HASH.
func newHashType(spec Spec) (Map, abi.Errno) {
	spec.MaxEntries = roundEntries(spec)
	switch {
	case spec.MaxEntries > maxBuckets:
		return nil, abi.E2BIG
	case spec.Type == abi.LRUHash:
		return sized(spec, lruBytes(spec), newLRU)
	}
	return sized(spec, hashBytes(spec, 0), newHash)
}

// roundEntries is max entries, rounded up to a multiple of the CPUs where each has its own share.
func roundEntries(spec Spec) uint32 {
	if spec.Flags&abi.FlagNoCommonLRU == 0 {
		return spec.MaxEntries
	}
	cpus := uint64(spec.CPUs)
	return uint32(min((uint64(spec.MaxEntries)+cpus-1)/cpus*cpus, math.MaxUint32))
}

// sized makes a map that takes no more bytes than Linux has.
func sized[M Map](spec Spec, bytes uint64, make func(Spec) M) (Map, abi.Errno) {
	if bytes > maxMemory {
		return nil, abi.ENOMEM
	}
	return make(spec), abi.OK
}
