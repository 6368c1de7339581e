package maps

import "github.com/bpfsim/bpfsim/abi"

// A value of a per-CPU type has a part for each possible CPU. User space passes all parts at once, each rounded up to
// whole 8-byte words, and what it writes behind the end of a part comes back to it (measured on 6.18). A BPF program has
// its own CPU's part before it.

// maxPart is the largest part in bytes (PCPU_MIN_UNIT_SIZE).
const maxPart = 32 << 10

// PartUpdater sets a key's value as a BPF program's bpf_map_update_elem does: value has ValueSize bytes and becomes this
// CPU's part. The other parts of a key that was absent are zero then.
type PartUpdater interface {
	UpdatePart(t *Task, key, value []byte, flags uint64) abi.Errno
}

// PartLookuper finds a CPU's part of a value as bpf_map_lookup_percpu_elem does, which counts as a use in an LRU map.
type PartLookuper interface {
	LookupPart(t *Task, key []byte, cpu int) (Live, bool)
}

// perCPU tells whether values have parts.
func perCPU(spec Spec) bool {
	switch spec.Type {
	case abi.PerCPUHash, abi.PerCPUArray, abi.LRUPerCPUHash, abi.PerCPUCgroupStorage:
		return true
	}
	return false
}

// partBytes is the size of a part.
func partBytes(spec Spec) uint64 { return round8(uint64(spec.ValueSize)) }

// partsBytes is the size of a value, all parts.
func partsBytes(spec Spec) uint64 { return partBytes(spec) * uint64(spec.CPUs) }

// valueBytes is the size of a value as user space sees it.
func valueBytes(spec Spec) int {
	if perCPU(spec) {
		return int(partsBytes(spec))
	}
	return int(spec.ValueSize)
}

// hasCPU tells whether cpu is a possible one.
func hasCPU(spec Spec, cpu int) bool { return cpu >= 0 && cpu < spec.CPUs }

// partWrite is what an update sets: all parts of a value, or the part of one CPU.
type partWrite struct {
	spec  Spec
	value []byte
	cpu   int // everyCPU for all
}

const everyCPU = -1

// part is a CPU's part of a value, without what is behind its end.
func part(spec Spec, value []byte, cpu int) []byte {
	return value[cpu*int(partBytes(spec)):][:spec.ValueSize]
}

// write writes over a value in place, which is a to others: others may look at it meanwhile.
func (p partWrite) write(t *Task, value []byte, a Access) {
	if p.cpu != everyCPU {
		a = a.part(p.cpu*int(partBytes(p.spec)), len(p.value))
		value = part(p.spec, value, p.cpu)
	}
	t.copyWords(value, p.value, a)
}

// fill makes a new value. Linux leaves behind the ends of the parts that a program does not set what was in the memory
// before; here that is zero.
func (p partWrite) fill(value []byte) {
	if p.cpu != everyCPU {
		clear(value)
		value = part(p.spec, value, p.cpu)
	}
	put(value, p.value)
}

// livePart is a CPU's part of the value in slot s.
func (x *table) livePart(s slot, cpu int) liveBytes {
	at := memory(Values, s, false).part(cpu*int(partBytes(x.spec)), int(x.spec.ValueSize))
	return liveBytes{part(x.spec, x.arena.value(s), cpu), at}
}
