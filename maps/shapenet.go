package maps

import "github.com/bpfsim/bpfsim/abi"

const (
	maxPowerOfTwo = 1 << 31 // the largest of 32 bits
	maxSockKey    = 512     // MAX_BPF_STACK
	maxCPUEntries = 256     // CONFIG_NR_CPUS of the kernel that was measured
)

// fdOrCookie tells whether a value is a 4-byte fd or index, or of 8 bytes with more behind it.
func fdOrCookie(spec Spec) bool { return spec.ValueSize == 4 || spec.ValueSize == 8 }

// checkDevMap: dev_map_alloc_check.
func checkDevMap(spec Spec, _ bool) abi.Errno {
	switch {
	case spec.MaxEntries == 0, spec.KeySize != 4, !fdOrCookie(spec), !flagsWithin(spec.Flags, abi.FlagNUMANode|fdAccess),
		spec.Type == abi.DevMapHash && spec.MaxEntries > maxPowerOfTwo:
		return abi.EINVAL
	}
	return abi.OK
}

// checkSockMap: sock_map_alloc in sock_map.c.
func checkSockMap(spec Spec) abi.Errno {
	if spec.KeySize != 4 {
		return abi.EINVAL
	}
	return checkSocks(spec)
}

// checkSocks is what SOCKMAP and SOCKHASH have in common.
func checkSocks(spec Spec) abi.Errno {
	if spec.MaxEntries == 0 || !fdOrCookie(spec) || spec.Flags&^(abi.FlagNUMANode|fdAccess) != 0 {
		return abi.EINVAL
	}
	return abi.OK
}

// checkSockHash: sock_hash_alloc in sock_map.c.
func checkSockHash(spec Spec) abi.Errno {
	switch errno := checkSocks(spec); {
	case errno != abi.OK, spec.KeySize == 0:
		return abi.EINVAL
	case spec.KeySize > maxSockKey:
		return abi.E2BIG
	case spec.MaxEntries > maxPowerOfTwo:
		return abi.EINVAL
	}
	return abi.OK
}

// checkXSKMap: xsk_map_alloc in xskmap.c.
func checkXSKMap(spec Spec) abi.Errno {
	if spec.ValueSize != 4 {
		return abi.EINVAL
	}
	return checkSockMap(spec)
}

// checkCPUMap: cpu_map_alloc in cpumap.c.
func checkCPUMap(spec Spec) abi.Errno {
	switch {
	case spec.MaxEntries == 0, spec.KeySize != 4, !fdOrCookie(spec), spec.Flags&^abi.FlagNUMANode != 0:
		return abi.EINVAL
	case spec.MaxEntries > maxCPUEntries:
		return abi.E2BIG
	}
	return abi.OK
}
