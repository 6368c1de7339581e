package maps

import "github.com/bpfsim/bpfsim/abi"

// allocChecks are those of the types that look at the shape when they allocate, access modes included.
var allocChecks = [abi.NumMapTypes]func(spec Spec) abi.Errno{
	abi.StackTrace:          checkStackTrace,
	abi.SockMap:             checkSockMap,
	abi.CPUMap:              checkCPUMap,
	abi.XSKMap:              checkXSKMap,
	abi.SockHash:            checkSockHash,
	abi.CgroupStorage:       checkCgroupStorage,
	abi.PerCPUCgroupStorage: checkCgroupStorage,
	abi.RingBuf:             checkRing,
	abi.UserRingBuf:         checkRing,
	abi.Arena:               checkArena,
}

// CheckAlloc is the part of MapCreate that a type like CPUMAP looks at when it allocates, behind the caller's permission: all of it
// but the bounds of memory. Unlike New, it looks at the access modes of the fd.
func CheckAlloc(spec Spec) abi.Errno {
	if check := allocChecks[spec.Type]; check != nil {
		return check(spec)
	}
	return abi.OK
}
