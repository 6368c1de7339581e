package maps

import "github.com/bpfsim/bpfsim/abi"

// shape is what Linux checks of a map of a type that is not simulated, so that only creations which Linux would accept
// are refused for want of the type.
type shape struct {
	// check is the type's part of Check; nil for types that check everything when they allocate.
	check func(spec Spec, sysAdmin bool) abi.Errno
	// alloc is the type's part of CheckAlloc; nil where nothing is left to check.
	alloc func(spec Spec) abi.Errno
}

// shapes are the types that are not simulated, by number, and those of the others that look at the shape when they
// allocate, access modes included.
var shapes = [abi.NumMapTypes]shape{
	abi.StackTrace:          {alloc: checkStackTrace},
	abi.SockMap:             {alloc: checkSockMap},
	abi.CPUMap:              {alloc: checkCPUMap},
	abi.XSKMap:              {alloc: checkXSKMap},
	abi.SockHash:            {alloc: checkSockHash},
	abi.CgroupStorage:       {alloc: checkCgroupStorage},
	abi.PerCPUCgroupStorage: {alloc: checkCgroupStorage},
	abi.StructOps:           {check: checkStructOps},
	abi.RingBuf:             {alloc: checkRing},
	abi.UserRingBuf:         {alloc: checkRing},
	abi.Arena:               {alloc: checkArena},
}

// CheckAlloc is the part of MapCreate that a type which is not simulated, or one like CPUMAP, looks at when it allocates, behind
// the caller's permission: all of it but the bounds of memory. Unlike New, it looks at the access modes of the fd.
func CheckAlloc(spec Spec) abi.Errno {
	if alloc := shapes[spec.Type].alloc; alloc != nil {
		return alloc(spec)
	}
	return abi.OK
}
