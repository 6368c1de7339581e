package maps

import "github.com/bpfsim/bpfsim/abi"

// sockArray is REUSEPORT_SOCKARRAY (reuseport_array.c): for each index a socket of a reuseport group, which can be in one such
// array, and there once.
type sockArray struct{ references }

func newSockArray(spec Spec) *sockArray { return &sockArray{newReferences(spec)} }

// Memlock is what fdinfo of 6.18 shows.
func (m *sockArray) Memlock() uint64 { return sockArrayBytes(m.spec) }

func sockArrayBytes(spec Spec) uint64 { return 296 + 8*uint64(spec.MaxEntries) }

// Lookup copies a cookie.
func (m *sockArray) Lookup(t *Task, key, value []byte) abi.Errno {
	if len(value) != cookieBytes {
		return abi.ENOSPC
	}
	return m.show(t, key, value)
}

// Refer looks at flags, the index and the fd, then at what is in the slot, and at last whether the socket is fit.
func (m *sockArray) Refer(t *Task, key, value []byte, flags uint64, find Finder) abi.Errno {
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
	if errno := occupied(m.at(i) != nil, flags); errno != abi.OK {
		return errno
	}
	if errno := socket.Attach(m.spec.Type); errno != abi.OK {
		return errno
	}
	m.put(i, socket)
	return abi.OK
}

// Delete takes a socket out.
func (m *sockArray) Delete(t *Task, key []byte) abi.Errno {
	i, ok := m.index(key)
	switch {
	case !ok:
		return abi.E2BIG
	case !m.clear(t, i):
		return abi.ENOENT
	}
	return abi.OK
}
