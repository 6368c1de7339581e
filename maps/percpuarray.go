package maps

import "github.com/bpfsim/bpfsim/abi"

// perCPUArray is PERCPU_ARRAY. The parts of a value lie behind each other in its slot.
type perCPUArray struct{ vector }

func newPerCPUArray(spec Spec) *perCPUArray {
	stride := vectorStride(spec)
	return &perCPUArray{vector{spec, stride, newWords(stride * uint64(spec.MaxEntries))}}
}

// UpdatePart sets this CPU's part.
func (a *perCPUArray) UpdatePart(t *Task, key, value []byte, flags uint64) abi.Errno {
	at, errno := a.admit(key, flags)
	if errno == abi.OK {
		a.write(t, at+a.partAt(t.CPU), value)
	}
	return errno
}

// partAt is where a CPU's part is in a slot, in words.
func (a *perCPUArray) partAt(cpu int) uint64 { return partBytes(a.spec) / 8 * uint64(cpu) }

// LookupLive finds this CPU's part.
func (a *perCPUArray) LookupLive(t *Task, key []byte) (Live, bool) {
	return a.LookupPart(t, key, t.CPU)
}

// LookupPart finds a CPU's part.
func (a *perCPUArray) LookupPart(t *Task, key []byte, cpu int) (Live, bool) {
	i, ok := a.index(key)
	if !ok || !hasCPU(a.spec, cpu) {
		return nil, false
	}
	t.Step(PointFind)
	t.Touch(Access{Of: Private})
	return liveWords{&a.vector, i*a.stride + a.partAt(cpu)}, true
}

// Memlock is what fdinfo of 6.18 shows.
func (a *perCPUArray) Memlock() uint64 { return perCPUArrayBytes(a.spec) }

// perCPUArrayBytes is the struct, and of each element a pointer and the parts.
func perCPUArrayBytes(spec Spec) uint64 {
	return 312 + (8+partsBytes(spec))*uint64(spec.MaxEntries)
}

// checkPerCPUArray: array_map_alloc_check.
func checkPerCPUArray(spec Spec, sysAdmin bool) abi.Errno {
	errno := checkArray(spec, sysAdmin)
	switch {
	case spec.Flags&(abi.FlagMmapable|abi.FlagInnerMap) != 0, onNode(spec):
		return abi.EINVAL
	case errno == abi.OK && partBytes(spec) > maxPart:
		return abi.E2BIG
	}
	return errno
}
