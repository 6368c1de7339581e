package maps

import (
	"math"

	"github.com/bpfsim/bpfsim/abi"
)

const (
	access = abi.FlagReadOnly | abi.FlagWriteOnly | abi.FlagReadOnlyProg | abi.FlagWriteOnlyProg

	hashFlags  = abi.FlagNoPrealloc | abi.FlagNoCommonLRU | abi.FlagNUMANode | abi.FlagZeroSeed | access
	arrayFlags = abi.FlagNUMANode | abi.FlagMmapable | abi.FlagInnerMap | access
	queueFlags = abi.FlagNUMANode | access

	maxElement    = 4<<20 - 48 // a hash element, with its 48 bytes of header, stays below 4 MiB
	maxQueueValue = 4 << 20
	maxBuckets    = 1 << 27
	// maxMemory is the largest map that is made: 16 GiB worked on the machine that was measured and 32 GiB was ENOMEM.
	maxMemory = 16<<30 + 1<<20
)

// Check is the part of MapCreate that looks at the type, its sizes and its flags before the caller's permission to
// make maps (map_alloc_check in the kernel's syscall.c). sysAdmin tells whether the caller has CAP_SYS_ADMIN.
//
// A type that Linux 6.18 does not know is EINVAL. One that it knows and this package does not is EPERM, which a
// client takes for a kernel that keeps the type from it.
func Check(spec Spec, sysAdmin bool) abi.Errno {
	switch spec.Type {
	case abi.Hash, abi.LRUHash:
		return checkHash(spec, sysAdmin)
	case abi.Array:
		return checkArray(spec)
	case abi.Queue, abi.Stack:
		return checkQueue(spec)
	case abi.Unspec:
		return abi.EINVAL
	}
	if spec.Type >= abi.NumMapTypes {
		return abi.EINVAL
	}
	return abi.EPERM
}

// checkHash: htab_map_alloc_check.
func checkHash(spec Spec, sysAdmin bool) abi.Errno {
	lru := spec.Type == abi.LRUHash
	private := spec.Flags&abi.FlagNoCommonLRU != 0
	switch {
	case spec.Flags&abi.FlagZeroSeed != 0 && !sysAdmin:
		return abi.EPERM
	case !flagsWithin(spec.Flags, hashFlags), private && !lru:
		return abi.EINVAL
	case lru && spec.Flags&abi.FlagNoPrealloc != 0:
		return abi.ENOTSUPP
	case private && onNode(spec), spec.MaxEntries == 0, spec.KeySize == 0, spec.ValueSize == 0:
		return abi.EINVAL
	case uint64(spec.KeySize)+uint64(spec.ValueSize) >= maxElement:
		return abi.E2BIG
	}
	return abi.OK
}

// checkArray: array_map_alloc_check.
func checkArray(spec Spec) abi.Errno {
	switch {
	case spec.MaxEntries == 0, spec.KeySize != 4, spec.ValueSize == 0, !flagsWithin(spec.Flags, arrayFlags):
		return abi.EINVAL
	case spec.ValueSize > math.MaxInt32:
		return abi.E2BIG
	}
	return abi.OK
}

// checkQueue: queue_stack_map_alloc_check.
func checkQueue(spec Spec) abi.Errno {
	switch {
	case spec.MaxEntries == 0, spec.KeySize != 0, spec.ValueSize == 0, !flagsWithin(spec.Flags, queueFlags):
		return abi.EINVAL
	case spec.ValueSize > maxQueueValue:
		return abi.E2BIG
	}
	return abi.OK
}

// flagsWithin tells whether flags are all allowed; a map that programs may neither read nor write makes no sense.
func flagsWithin(flags, allowed uint32) bool {
	const closed = abi.FlagReadOnlyProg | abi.FlagWriteOnlyProg
	return flags&^allowed == 0 && flags&closed != closed
}

// onNode tells whether the map asks for a NUMA node.
func onNode(spec Spec) bool {
	return spec.Flags&abi.FlagNUMANode != 0 && spec.NumaNode != abi.AnyNode
}
