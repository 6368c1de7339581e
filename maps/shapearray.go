package maps

import "github.com/bpfsim/bpfsim/abi"

// checkPlainArray is checkArray of a type that can neither be mapped nor be an inner map of another size.
func checkPlainArray(spec Spec, sysAdmin bool) abi.Errno {
	if spec.Flags&(abi.FlagMmapable|abi.FlagInnerMap) != 0 {
		return abi.EINVAL
	}
	return checkArray(spec, sysAdmin)
}

// checkFDArray: fd_array_map_alloc_check.
func checkFDArray(spec Spec, sysAdmin bool) abi.Errno {
	if spec.ValueSize != 4 || spec.Flags&(abi.FlagReadOnlyProg|abi.FlagWriteOnlyProg) != 0 {
		return abi.EINVAL
	}
	if spec.Type == abi.PerfEventArray {
		spec.Flags &^= abi.FlagPreserveElems
	}
	return checkPlainArray(spec, sysAdmin)
}

// checkSockArray: reuseport_array_alloc_check in reuseport_array.c.
func checkSockArray(spec Spec, sysAdmin bool) abi.Errno {
	if !fdOrCookie(spec) {
		return abi.EINVAL
	}
	return checkPlainArray(spec, sysAdmin)
}
