package maps

import "github.com/bpfsim/bpfsim/abi"

// sockHash is SOCKHASH (sock_map.c): a hash table of sockets, with cookies for values as SOCKMAP.
type sockHash struct{ referenceTable }

func newSockHash(spec Spec) *sockHash {
	mask := uint32(roundBuckets(spec.MaxEntries) - 1)
	return &sockHash{referenceTable{spec: spec, bucketOf: func(key []byte) uint32 { return jhash(key, 0) & mask }}}
}

// Memlock is what fdinfo of 6.18 shows.
func (m *sockHash) Memlock() uint64 {
	return sockHashBytes(m.spec) + (48+round8(uint64(m.spec.KeySize)))*m.live()
}

func sockHashBytes(spec Spec) uint64 { return 384 + 16*roundBuckets(spec.MaxEntries) }

// Lookup copies a cookie.
func (m *sockHash) Lookup(t *Task, key, value []byte) abi.Errno {
	if len(value) != cookieBytes {
		return abi.ENOSPC
	}
	return m.show(t, key, value)
}

// Refer looks at the socket before all else. A key that is there moves to the front of its bucket.
func (m *sockHash) Refer(t *Task, key, value []byte, flags uint64, find Finder) abi.Errno {
	socket, errno := find(value)
	switch {
	case errno != abi.OK:
		return errno
	case flags > abi.Exist:
		return abi.EINVAL
	}
	m.lock.Lock(t)
	defer m.lock.Unlock()
	return attached(socket, m.spec.Type, func() abi.Errno {
		_, there := m.find(key)
		if errno := occupied(there, flags); errno != abi.OK {
			return errno
		}
		return m.put(key, socket)
	})
}
