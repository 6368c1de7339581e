package maps

import "github.com/bpfsim/bpfsim/abi"

// Check is the part of MapCreate that looks at the type, its sizes and its flags before the caller's permission to
// make maps (map_alloc_check in the kernel's syscall.c). sysAdmin tells whether the caller has CAP_SYS_ADMIN.
func Check(spec Spec, sysAdmin bool) abi.Errno {
	return abi.EINVAL
}

// New makes an empty map of a spec that Check accepts. It answers what the kernel finds out only when it allocates:
// E2BIG for more than 2^27 buckets.
func New(spec Spec) (Map, abi.Errno) {
	return nil, abi.EINVAL
}
