package maps

import (
	"math"

	"github.com/bpfsim/bpfsim/abi"
)

// New makes an empty map of a spec that Check accepts. It answers what the kernel finds out only when it allocates:
// E2BIG for a hash type with more than 2^27 buckets, ENOMEM for more than 16 GiB that Linux would allocate at once.
func New(spec Spec) (Map, abi.Errno) {
	if spec.Type >= abi.NumMapTypes || types[spec.Type].make == nil {
		return nil, abi.EINVAL
	}
	return types[spec.Type].make(spec)
}

// sized makes a map that takes no more bytes at once than Linux has.
func sized[M Map](bytes func(Spec) uint64, make func(Spec) M) func(Spec) (Map, abi.Errno) {
	return func(spec Spec) (Map, abi.Errno) {
		if errno := afford(spec, bytes(spec)); errno != abi.OK {
			return nil, errno
		}
		return make(spec), abi.OK
	}
}

// afford takes bytes for a map that is being made.
func afford(spec Spec, bytes uint64) abi.Errno {
	if bytes > maxMemory || !spec.Account.Take(bytes) {
		return abi.ENOMEM
	}
	return abi.OK
}

// hashed makes a map of a hash type.
func hashed[M Map](bytes func(Spec) uint64, make func(Spec) M) func(Spec) (Map, abi.Errno) {
	return func(spec Spec) (Map, abi.Errno) {
		if spec.MaxEntries = roundEntries(spec); spec.MaxEntries > maxBuckets {
			return nil, abi.E2BIG
		}
		return sized(bytes, make)(spec)
	}
}

// roundEntries is max entries, rounded up to a multiple of the CPUs where each has its own share.
func roundEntries(spec Spec) uint32 {
	if spec.Flags&abi.FlagNoCommonLRU == 0 {
		return spec.MaxEntries
	}
	cpus := uint64(spec.CPUs)
	return uint32(min((uint64(spec.MaxEntries)+cpus-1)/cpus*cpus, math.MaxUint32))
}
