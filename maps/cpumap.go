package maps

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// cpuMap is CPUMAP (cpumap.c): for each CPU the size of a queue to it, and in values of 8 bytes a program at its end.
type cpuMap struct{ references }

// mostQueued is the largest queue, in packets.
const mostQueued = 16384

func newCPUMap(spec Spec) *cpuMap { return &cpuMap{newReferences(spec)} }

// Memlock is what fdinfo of 6.18 shows: queues are not counted.
func (m *cpuMap) Memlock() uint64 { return cpuMapBytes(m.spec) }

func cpuMapBytes(spec Spec) uint64 { return 304 + 8*uint64(spec.MaxEntries) }

// Lookup copies the size of a queue, and the id of its program.
func (m *cpuMap) Lookup(t *Task, key, value []byte) abi.Errno { return m.show(t, key, value) }

// Refer makes a queue or replaces it; size 0 removes it. All indices exist, so NoExist always fails.
func (m *cpuMap) Refer(t *Task, key, value []byte, flags uint64, find Finder) abi.Errno {
	i, ok := m.index(key)
	size := binary.NativeEndian.Uint32(value)
	switch {
	case flags > abi.Exist:
		return abi.EINVAL
	case !ok:
		return abi.E2BIG
	case flags == abi.NoExist:
		return abi.EEXIST
	case size > mostQueued:
		return abi.EOVERFLOW
	case int64(i) >= int64(m.spec.CPUs):
		return abi.ENODEV
	case size == 0:
		m.clear(t, i)
		return abi.OK
	}
	queue, errno := find(value)
	if errno != abi.OK {
		return errno
	}
	m.lock.Lock(t)
	defer m.lock.Unlock()
	m.put(i, queue)
	return abi.OK
}

// namesProgram tells whether a value has the fd of a program.
func namesProgram(value []byte) bool {
	return len(value) == 8 && int32(binary.NativeEndian.Uint32(value[4:])) > 0
}

// Delete removes a queue, whether or not there is one.
func (m *cpuMap) Delete(t *Task, key []byte) abi.Errno {
	i, ok := m.index(key)
	if !ok {
		return abi.EINVAL
	}
	m.clear(t, i)
	return abi.OK
}
