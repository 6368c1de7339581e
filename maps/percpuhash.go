package maps

import "github.com/bpfsim/bpfsim/abi"

// perCPUHash is PERCPU_HASH. It differs from HASH in that an update of a key that is there is made in place: the key stays
// where it is in its bucket.
type perCPUHash struct{ hash }

func newPerCPUHash(spec Spec) *perCPUHash {
	h := new(perCPUHash)
	h.start(spec)
	return h
}

// Update sets all parts.
func (h *perCPUHash) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	return h.set(t, key, partWrite{h.spec, value, everyCPU}, flags)
}

// UpdatePart sets this CPU's part.
func (h *perCPUHash) UpdatePart(t *Task, key, value []byte, flags uint64) abi.Errno {
	return h.set(t, key, partWrite{h.spec, value, t.CPU}, flags)
}

func (h *perCPUHash) set(t *Task, key []byte, p partWrite, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	hash := h.hash.hash(key)
	st := h.lock(t, hash&h.mask)
	defer h.unlock(st)
	page, at, found := h.find(hash, key)
	errno := admit(found, flags)
	switch {
	case errno != abi.OK:
		return errno
	case found:
		p.write(t, h.value(page, at), memory(Values, h.slot(page, at), true))
		return abi.OK
	}
	if errno := h.pool.reserve(t); errno != abi.OK {
		return errno
	}
	var s slot
	if h.layout.has(slots) {
		s = h.pool.take(t)
	}
	page, at = h.insert(t, page, hash, s)
	t.touchFilled(s)
	h.addParts(page, at, hash, s, key, p)
	return abi.OK
}

// addParts makes a new element of a table of values with parts.
func (x *table) addParts(page *page, at, hash uint32, s slot, key []byte, p partWrite) {
	if x.layout.head != 0 {
		page.fill(at, tag(hash), s, x.layout)
	}
	copy(x.key(page, at), key)
	p.fill(x.value(page, at))
}

// LookupLive finds this CPU's part.
func (h *perCPUHash) LookupLive(t *Task, key []byte) (Live, bool) { return h.LookupPart(t, key, t.CPU) }

// LookupPart finds a CPU's part.
func (h *perCPUHash) LookupPart(t *Task, key []byte, cpu int) (Live, bool) {
	if !hasCPU(h.spec, cpu) {
		return nil, false
	}
	s := h.findLive(t, key)
	if s == none {
		return nil, false
	}
	return h.livePart(s, cpu), true
}

// Memlock is what fdinfo of 6.18 shows.
func (h *perCPUHash) Memlock() uint64 { return perCPUHashBytes(h.spec, h.pool.count()) }

// perCPUHashBytes counts all elements when preallocated, without spare ones, else those that there are (formula fitted to
// fdinfo; the constants are struct sizes of that build).
func perCPUHashBytes(spec Spec, elements uint32) uint64 {
	if spec.Flags&abi.FlagNoPrealloc != 0 {
		return tableBytes(spec) + (partsElementBytes(spec)+24)*uint64(elements)
	}
	return perCPULRUBytes(spec)
}

// emptyPerCPUHashBytes is what a PERCPU_HASH takes at once.
func emptyPerCPUHashBytes(spec Spec) uint64 { return perCPUHashBytes(spec, 0) }

// partsElementBytes is what one element costs in Linux 6.18: it has a pointer to its parts.
func partsElementBytes(spec Spec) uint64 {
	return 48 + round8(uint64(spec.KeySize)) + 8 + partsBytes(spec)
}
