package maps

import "github.com/bpfsim/bpfsim/abi"

const (
	stackFlags = abi.FlagNUMANode | abi.FlagStackBuildID | fdAccess
	arenaFlags = abi.FlagMmapable | abi.FlagSegvOnFault | abi.FlagNoUserConv

	pageSize      = 4096
	maxStackDepth = 127 // kernel.perf_event_max_stack
	buildIDSize   = 32  // struct bpf_stack_build_id
	maxArena      = 4 << 30
)

// checkStackTrace: stack_map_alloc in stackmap.c.
func checkStackTrace(spec Spec) abi.Errno {
	frame := uint32(8)
	if spec.Flags&abi.FlagStackBuildID != 0 {
		frame = buildIDSize
	}
	switch {
	case spec.Flags&^stackFlags != 0, spec.MaxEntries == 0, spec.KeySize != 4,
		spec.ValueSize == 0, spec.ValueSize%frame != 0, spec.ValueSize/frame > maxStackDepth:
		return abi.EINVAL
	case spec.MaxEntries > maxPowerOfTwo:
		return abi.E2BIG
	}
	return abi.OK
}

// checkArena: arena_map_alloc in arena.c. Extra is where user space shall map it.
func checkArena(spec Spec) abi.Errno {
	size := uint64(spec.MaxEntries) * pageSize
	switch {
	case spec.KeySize != 0, spec.ValueSize != 0, spec.MaxEntries == 0, spec.Flags&abi.FlagMmapable == 0,
		spec.Flags&^arenaFlags != 0, spec.Extra%pageSize != 0:
		return abi.EINVAL
	case size > maxArena:
		return abi.E2BIG
	case spec.Extra>>32 != (spec.Extra+size-1)>>32:
		return abi.ERANGE
	}
	return abi.OK
}
