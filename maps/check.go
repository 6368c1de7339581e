package maps

import "github.com/bpfsim/bpfsim/abi"

const (
	fdAccess = abi.FlagReadOnly | abi.FlagWriteOnly
	access   = fdAccess | abi.FlagReadOnlyProg | abi.FlagWriteOnlyProg

	// maxMemory is the largest map that is made: 16 GiB worked on the machine that was measured and 32 GiB was ENOMEM.
	maxMemory = 16<<30 + 1<<20
)

// Check is the part of MapCreate that looks at the type, its sizes and its flags before the caller's permission to
// make maps (map_alloc_check in the kernel's syscall.c). sysAdmin tells whether the caller has CAP_SYS_ADMIN.
//
// A type that Linux 6.18 does not know is EINVAL.
func Check(spec Spec, sysAdmin bool) abi.Errno {
	if spec.Type == abi.Unspec || spec.Type >= abi.NumMapTypes {
		return abi.EINVAL
	}
	if check := types[spec.Type].check; check != nil {
		return check(spec, sysAdmin)
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
