package model

import "github.com/bpfsim/bpfsim/abi"

// maxPart is the largest value of a per-CPU type in bytes (PCPU_MIN_UNIT_SIZE; found by bisection on 6.18).
const maxPart = 32768

// perCPU reports whether values have a part for each possible CPU.
func (s *spec) perCPU() bool {
	return s.kind == abi.PerCPUHash || s.kind == abi.PerCPUArray || s.kind == abi.LRUPerCPUHash ||
		s.kind == abi.PerCPUCgroupStorage
}

// valueBytes is the size of a value as user space sees it. A CPU's part takes whole 8-byte words, and what lies behind its
// end comes back as it was written (measured on 6.18).
func (s *spec) valueBytes(cpus int) uint32 {
	if !s.perCPU() {
		return s.valueSize
	}
	return (s.valueSize + 7) / 8 * 8 * uint32(cpus)
}

// checkPerCPUArray is array_map_alloc_check in kernel/bpf/arraymap.c.
func (s *spec) checkPerCPUArray(sysAdmin bool) abi.Errno {
	errno := s.checkArray(sysAdmin)
	switch {
	case s.flags&(abi.FlagMmapable|abi.FlagInnerMap) != 0 || s.node != abi.AnyNode:
		return abi.EINVAL
	case errno == abi.OK && s.valueSize > maxPart:
		return abi.E2BIG
	}
	return errno
}
