package maps

import "github.com/bpfsim/bpfsim/abi"

// sockMap is SOCKMAP (sock_map.c): for each index a socket. User space puts it in by fd and reads its cookie, where values
// have the 8 bytes of one.
type sockMap struct{ references }

func newSockMap(spec Spec) *sockMap { return &sockMap{newReferences(spec)} }

const cookieBytes = 8

// Memlock is what fdinfo of 6.18 shows.
func (m *sockMap) Memlock() uint64 { return sockMapBytes(m.spec) }

func sockMapBytes(spec Spec) uint64 { return 376 + 8*uint64(spec.MaxEntries) }

// Lookup copies a cookie.
func (m *sockMap) Lookup(t *Task, key, value []byte) abi.Errno {
	if len(value) != cookieBytes {
		return abi.ENOSPC
	}
	return m.show(t, key, value)
}

// Refer looks at the socket before all else.
func (m *sockMap) Refer(t *Task, key, value []byte, flags uint64, find Finder) abi.Errno {
	socket, errno := find(value)
	if errno != abi.OK {
		return errno
	}
	i, ok := m.index(key)
	switch {
	case flags > abi.Exist:
		return abi.EINVAL
	case !ok:
		return abi.E2BIG
	}
	m.lock.Lock(t)
	defer m.lock.Unlock()
	if errno := attached(socket, m.spec.Type, func() abi.Errno { return occupied(m.at(i) != nil, flags) }); errno != abi.OK {
		return errno
	}
	m.put(i, socket)
	return abi.OK
}

// attached attaches a socket to a map of that type, unless fits objects then.
func attached(to Referent, in abi.MapType, fits func() abi.Errno) abi.Errno {
	if errno := to.Attach(in); errno != abi.OK {
		return errno
	}
	errno := fits()
	if errno != abi.OK {
		to.Detach(in)
	}
	return errno
}

// Delete takes a socket out. It does not tell an index outside from an empty slot.
func (m *sockMap) Delete(t *Task, key []byte) abi.Errno {
	i, _ := m.index(key)
	if !m.clear(t, i) {
		return abi.EINVAL
	}
	return abi.OK
}
