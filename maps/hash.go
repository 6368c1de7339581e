package maps

import "github.com/bpfsim/bpfsim/abi"

// hash is HASH, preallocated or not: the two differ in Memlock only.
type hash struct {
	table
	pool pool
}

func newHash(spec Spec) *hash {
	h := new(hash)
	h.init(spec, 1, int(spec.MaxEntries)+maxStripes, &h.pool)
	h.pool.table = &h.table
	return h
}

// Update links a new element at the head of its bucket and unlinks the old one, so an update moves its key.
func (h *hash) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	b := h.hash(key) & h.mask
	st := h.lock(t, b)
	errno := h.store(st, b, key, value, flags)
	h.unlock(t, st)
	return errno
}

// store is Update in a locked bucket.
func (h *hash) store(st *stripe, b uint32, key, value []byte, flags uint64) abi.Errno {
	before, old := h.find(st, b, key)
	if errno := admit(old != none, flags); errno != abi.OK {
		return errno
	}
	if old != none {
		h.replace(st, b, before, old, key, value)
		return abi.OK
	}
	// Counted before linking: a full map fails without touching the bucket.
	s := h.pool.take()
	if s == none {
		return abi.E2BIG
	}
	h.fill(s, key, value)
	h.push(st, b, s)
	return abi.OK
}

// replace puts the stripe's spare element in front and makes the old one the spare.
func (h *hash) replace(st *stripe, b uint32, before, old slot, key, value []byte) {
	if st.spare == none {
		st.spare = h.arena.fresh()
	}
	s := st.spare
	h.fill(s, key, value)
	h.push(st, b, s)
	if before == none {
		before = s
	}
	h.unlink(st, b, before, old)
	st.spare = old
}

// Memlock is what fdinfo of 6.18 shows.
func (h *hash) Memlock() uint64 { return hashBytes(h.spec, h.pool.count()) }

// hashBytes counts all elements and one spare a CPU when preallocated, else the elements that there are (formula
// fitted to fdinfo; the constants are struct sizes of that build).
func hashBytes(spec Spec, elements uint32) uint64 {
	if spec.Flags&abi.FlagNoPrealloc != 0 {
		return tableBytes(spec) + (elementBytes(spec)+8)*uint64(elements)
	}
	cpus := uint64(spec.CPUs)
	return tableBytes(spec) + elementBytes(spec)*(uint64(spec.MaxEntries)+cpus) + 8*cpus
}

// tableBytes is what a hash table costs in Linux 6.18 without its elements.
func tableBytes(spec Spec) uint64 { return 896 + 16*uint64(bucketCount(spec.MaxEntries)) }

// elementBytes is what one element costs in Linux 6.18.
func elementBytes(spec Spec) uint64 {
	return 48 + round8(uint64(spec.KeySize)) + round8(uint64(spec.ValueSize))
}

// round8 rounds up to a multiple of 8.
func round8(n uint64) uint64 { return (n + 7) &^ 7 }
