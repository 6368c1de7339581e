package maps

import "github.com/bpfsim/bpfsim/abi"

// xskMap is XSKMAP (xskmap.c): for each index an AF_XDP socket, which user space cannot read back.
type xskMap struct{ references }

func newXSKMap(spec Spec) *xskMap { return &xskMap{newReferences(spec)} }

// Memlock is what fdinfo of 6.18 shows.
func (m *xskMap) Memlock() uint64 { return xskMapBytes(m.spec) }

func xskMapBytes(spec Spec) uint64 { return 304 + 8*uint64(spec.MaxEntries) }

// Lookup is no operation of user space.
func (m *xskMap) Lookup(*Task, []byte, []byte) abi.Errno { return abi.EOPNOTSUPP }

// Refer looks at flags, the index and the socket, and only then at what is in the slot.
func (m *xskMap) Refer(t *Task, key, value []byte, flags uint64, find Finder) abi.Errno {
	i, ok := m.index(key)
	switch {
	case flags > abi.Exist:
		return abi.EINVAL
	case !ok:
		return abi.E2BIG
	}
	socket, errno := find(value)
	if errno != abi.OK {
		return errno
	}
	m.lock.Lock(t)
	defer m.lock.Unlock()
	old := m.at(i)
	switch errno := occupied(old != nil, flags); {
	case old == socket:
		return abi.OK
	case errno != abi.OK:
		return errno
	}
	if errno := socket.Attach(m.spec.Type); errno != abi.OK {
		return errno
	}
	m.put(i, socket)
	return abi.OK
}

// Delete takes a socket out, whether or not there is one.
func (m *xskMap) Delete(t *Task, key []byte) abi.Errno {
	i, ok := m.index(key)
	if !ok {
		return abi.EINVAL
	}
	m.clear(t, i)
	return abi.OK
}
