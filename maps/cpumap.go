package maps

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// cpuMap is CPUMAP (cpumap.c): for each CPU the size of a queue to it, or 0 where there is none. The program that a value of 8
// bytes may name, which would run at the queue's end, is not simulated.
type cpuMap struct {
	oneByOne
	vector vector
}

// mostQueued is the largest queue, in packets.
const mostQueued = 16384

func newCPUMap(spec Spec) *cpuMap {
	return &cpuMap{vector: vector{spec, 1, newWords(uint64(spec.MaxEntries))}}
}

func (m *cpuMap) Spec() Spec      { return m.vector.spec }
func (m *cpuMap) ValueBytes() int { return m.vector.ValueBytes() }

// Memlock is what fdinfo of 6.18 shows: queues are not counted.
func (m *cpuMap) Memlock() uint64 { return cpuMapBytes(m.vector.spec) }

func cpuMapBytes(spec Spec) uint64 { return 304 + 8*uint64(spec.MaxEntries) }

// Lookup copies the size of a queue, and 0 for the program's id.
func (m *cpuMap) Lookup(t *Task, key, value []byte) abi.Errno {
	i, ok := m.vector.index(key)
	if !ok {
		return abi.ENOENT
	}
	t.Step(PointFind)
	size := m.vector.words.load(i)
	if size == 0 {
		return abi.ENOENT
	}
	clear(value)
	binary.NativeEndian.PutUint32(value, uint32(size))
	return abi.OK
}

// Update makes a queue or replaces it; size 0 removes it. All indices exist, so NoExist always fails.
func (m *cpuMap) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	i, errno := m.vector.admit(key, flags)
	size := binary.NativeEndian.Uint32(value)
	switch {
	case errno != abi.OK:
		return errno
	case size > mostQueued:
		return abi.EOVERFLOW
	case i >= uint64(m.vector.spec.CPUs):
		return abi.ENODEV
	case size != 0 && namesProgram(value):
		return abi.ENOMEM
	}
	t.Step(PointWord)
	m.vector.words.touch(i).Store(uint64(size))
	return abi.OK
}

// namesProgram tells whether a value has the fd of a program, of which none can be right.
func namesProgram(value []byte) bool {
	return len(value) == 8 && int32(binary.NativeEndian.Uint32(value[4:])) > 0
}

// Delete removes a queue, whether or not there is one.
func (m *cpuMap) Delete(t *Task, key []byte) abi.Errno {
	i, ok := m.vector.index(key)
	if !ok {
		return abi.EINVAL
	}
	t.Step(PointWord)
	m.vector.words.touch(i).Store(0)
	return abi.OK
}

// NextKey counts up, past CPUs without a queue too.
func (m *cpuMap) NextKey(t *Task, key, next []byte) abi.Errno { return m.vector.NextKey(t, key, next) }
