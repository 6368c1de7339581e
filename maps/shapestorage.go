package maps

import "github.com/bpfsim/bpfsim/abi"

// maxStorageValue is BPF_LOCAL_STORAGE_MAX_VALUE_SIZE, found by bisection.
const maxStorageValue = 65407

// checkStorage: bpf_local_storage_map_alloc_check. Its elements have no number, and BTF must describe them.
func checkStorage(spec Spec, _ bool) abi.Errno {
	switch {
	case !flagsWithin(spec.Flags, abi.FlagNoPrealloc|abi.FlagClone), spec.Flags&abi.FlagNoPrealloc == 0,
		spec.MaxEntries != 0, spec.KeySize != 4, spec.ValueSize == 0, !spec.Typed:
		return abi.EINVAL
	case spec.ValueSize > maxStorageValue:
		return abi.E2BIG
	}
	return abi.OK
}

// checkCgroupStorage: cgroup_storage_map_alloc in local_storage.c.
func checkCgroupStorage(spec Spec) abi.Errno {
	const storageKey = 16 // struct bpf_cgroup_storage_key
	limit := uint32(maxStorageValue)
	if spec.Type == abi.PerCPUCgroupStorage {
		limit = maxPart
	}
	switch {
	case spec.KeySize != storageKey && spec.KeySize != 8, spec.ValueSize == 0:
		return abi.EINVAL
	case spec.ValueSize > limit:
		return abi.E2BIG
	case !flagsWithin(spec.Flags, abi.FlagNUMANode|access), spec.MaxEntries != 0:
		return abi.EINVAL
	}
	return abi.OK
}

// checkStructOps: bpf_struct_ops_map_alloc_check. Its value is a struct of the kernel's.
func checkStructOps(spec Spec, _ bool) abi.Errno {
	switch {
	case spec.KeySize != 4, spec.MaxEntries != 1, spec.Flags&^(abi.FlagLink|abi.FlagVTypeBTFObjFD) != 0, !spec.KernelTyped:
		return abi.EINVAL
	}
	return abi.OK
}
