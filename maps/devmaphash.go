package maps

import "github.com/bpfsim/bpfsim/abi"

// devMapHash is DEVMAP_HASH (devmap.c): a hash table of network devices, whose buckets are the low bits of keys.
type devMapHash struct{ referenceTable }

func newDevMapHash(spec Spec) *devMapHash {
	spec.Flags |= abi.FlagReadOnlyProg
	mask := uint32(roundBuckets(spec.MaxEntries) - 1)
	return &devMapHash{referenceTable{spec: spec, bucketOf: func(key []byte) uint32 { return idIn(key) & mask }}}
}

// Memlock is what fdinfo of 6.18 shows.
func (m *devMapHash) Memlock() uint64 { return devMapHashBytes(m.spec) + deviceBytes*m.live() }

func devMapHashBytes(spec Spec) uint64 { return 344 + 8*roundBuckets(spec.MaxEntries) }

// Lookup copies the number of a device and the id of its program.
func (m *devMapHash) Lookup(t *Task, key, value []byte) abi.Errno { return m.show(t, key, value) }

// Refer puts a device in. Exist asks for nothing.
func (m *devMapHash) Refer(t *Task, key, value []byte, flags uint64, find Finder) abi.Errno {
	if flags > abi.Exist || idIn(value) == 0 {
		return abi.EINVAL
	}
	if flags == abi.NoExist && m.has(t, key) { // a program that is not looked at does not bind the map
		return abi.EEXIST
	}
	device, errno := find(value)
	if errno != abi.OK {
		return errno
	}
	m.lock.Lock(t)
	defer m.lock.Unlock()
	if errno = m.insert(key, device, flags); errno != abi.OK {
		device.Detach(m.spec.Type)
	}
	return errno
}

func (m *devMapHash) insert(key []byte, device Referent, flags uint64) abi.Errno {
	if _, there := m.find(key); there && flags == abi.NoExist { // put in meanwhile
		return abi.EEXIST
	}
	return m.put(key, device)
}
