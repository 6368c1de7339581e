package maps

import "github.com/bpfsim/bpfsim/abi"

// perCPULRU is LRU_PERCPU_HASH. It differs from LRU_HASH in that an update of a key that is there is made in place, and
// gives back the element that it took for a new one; under Exist it takes none and so evicts nobody
// (__htab_lru_percpu_map_update_elem in hashtab.c).
type perCPULRU struct{ lru }

func newPerCPULRU(spec Spec) *perCPULRU {
	m := new(perCPULRU)
	m.start(spec)
	return m
}

// Update sets all parts.
func (m *perCPULRU) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	return m.set(t, key, partWrite{m.spec, value, everyCPU}, flags)
}

// UpdatePart sets this CPU's part.
func (m *perCPULRU) UpdatePart(t *Task, key, value []byte, flags uint64) abi.Errno {
	return m.set(t, key, partWrite{m.spec, value, t.CPU}, flags)
}

func (m *perCPULRU) set(t *Task, key []byte, p partWrite, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	hash, s := m.hash(key), none
	if t.Scheduler == nil && flags != abi.Exist && m.lists.spare(t) {
		if errno, done := m.setPresent(t, hash, key, p, flags); done {
			return errno
		}
	}
	if flags != abi.Exist {
		if s = m.lists.take(t, hash); s == none {
			return abi.ENOMEM
		}
	}
	unused, errno := m.setOr(t, hash, s, key, p, flags)
	if unused != none {
		m.lists.give(t, unused)
	}
	return errno
}

// setPresent sets the parts of a key that is there without taking an element first, which would go back to where it came
// from: nobody can tell where no machine watches.
func (m *perCPULRU) setPresent(t *Task, hash uint32, key []byte, p partWrite, flags uint64) (errno abi.Errno, done bool) {
	st := m.lock(t, hash&m.mask)
	defer m.unlock(st)
	page, at, found := m.find(hash, key)
	if !found {
		return abi.OK, false
	}
	if errno = admit(found, flags); errno == abi.OK {
		m.touch(t, page, at, p)
	}
	return errno, true
}

// touch sets the parts of an element in place.
func (m *perCPULRU) touch(t *Task, page *page, at uint32, p partWrite) {
	s := m.slot(page, at)
	m.use(t, s)
	p.write(t, m.value(page, at), memory(Values, s, true))
}

// setOr sets the parts of a key that is there, or else links s. It returns s where that is of no use.
func (m *perCPULRU) setOr(t *Task, hash uint32, s slot, key []byte, p partWrite, flags uint64) (unused slot, errno abi.Errno) {
	st := m.lock(t, hash&m.mask)
	defer m.unlock(st)
	page, at, found := m.find(hash, key)
	if errno := admit(found, flags); errno != abi.OK {
		return s, errno
	}
	if found {
		m.touch(t, page, at, p)
		return s, abi.OK
	}
	page, at = m.insert(t, page, hash, s)
	t.touchFilled(s)
	m.addParts(page, at, hash, s, key, p)
	return none, abi.OK
}

// LookupLive finds this CPU's part and marks the element as used.
func (m *perCPULRU) LookupLive(t *Task, key []byte) (Live, bool) { return m.LookupPart(t, key, t.CPU) }

// LookupPart finds a CPU's part and marks the element as used.
func (m *perCPULRU) LookupPart(t *Task, key []byte, cpu int) (Live, bool) {
	if !hasCPU(m.spec, cpu) {
		return nil, false
	}
	s := m.findLive(t, key)
	if s == none {
		return nil, false
	}
	m.use(t, s)
	return m.livePart(s, cpu), true
}

// Memlock is what fdinfo of 6.18 shows.
func (m *perCPULRU) Memlock() uint64 { return perCPULRUBytes(m.spec) }

// perCPULRUBytes counts all elements: they are always preallocated.
func perCPULRUBytes(spec Spec) uint64 {
	return tableBytes(spec) + partsElementBytes(spec)*uint64(spec.MaxEntries)
}
