package maps

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// hash is HASH, preallocated or not: the two differ in Memlock and, under a Scheduler, in when they count (pool.counts).
type hash struct {
	table
	pool   pool
	spares []spare // one a CPU (extra_elems); only HASH uses them
}

// spare is an element that replaces another one without asking the pool, so that replacing works in a full map.
type spare struct {
	slot atomic.Uint32
	_    [60]byte // to the end of the cache line
}

func newHash(spec Spec) *hash {
	h := &hash{spares: make([]spare, max(spec.CPUs, 1))}
	h.start(spec)
	return h
}

// start makes h an empty map. It may use more slots than it may have elements: spare ones, and where several tasks may find the
// last place free, one for each lock that they hold.
func (h *hash) start(spec Spec) {
	limit := int(spec.MaxEntries) + len(h.spares)
	if spec.Flags&abi.FlagNoPrealloc != 0 {
		limit += int(min(bucketCount(spec.MaxEntries), maxStripes))
	}
	h.init(spec, layoutOf(spec), 1, limit, &h.pool)
	cost := elementBytes(spec)
	if spec.Type == abi.PerCPUHash {
		cost = partsElementBytes(spec)
	}
	h.pool.init(&h.table, cost)
}

// Update makes its element the first of its bucket, so an update moves its key: Linux links a new element and unlinks
// the old one.
func (h *hash) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	hash := h.hash(key)
	st := h.lock(t, hash&h.mask)
	p, at, found := h.find(hash, key)
	errno := admit(found, flags)
	var s slot
	switch {
	case errno != abi.OK:
	case found:
		s, at = h.renew(t, p, hash, at)
	// Counted before linking: a full map fails without touching the bucket.
	default:
		if errno = h.pool.reserve(t); errno != abi.OK {
			break
		}
		if h.layout.has(slots) {
			s = h.pool.take(t)
		}
		p, at = h.insert(t, p, hash, s)
	}
	if errno == abi.OK {
		t.touchFilled(s)
		h.fill(p, at, hash, s, key, value)
	}
	h.unlock(st)
	if found && errno == abi.OK {
		h.pool.replaced(t)
	}
	return errno
}

// renew makes room at the head of its bucket for what replaces element at.
func (h *hash) renew(t *Task, p *page, hash, at uint32) (slot, uint32) {
	s := h.supersede(t, p, at)
	h.pool.replacing(t)
	return s, h.replace(t, p, hash, at, s)
}

// UpdateInPlace looks for the key before it inserts one, and again when another task was faster (htab_map_update_elem of
// 6.18, with BPF_F_LOCK).
func (h *hash) UpdateInPlace(t *Task, key, value []byte, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	for {
		found := h.overwrite(t, key, value, flags)
		if errno := admit(found, flags); found || errno != abi.OK {
			return errno
		}
		if errno := h.Update(t, key, value, abi.NoExist); errno != abi.EEXIST {
			return errno
		}
	}
}

// overwrite writes the value of a key, unless flags want none, and reports whether the key is there.
func (h *hash) overwrite(t *Task, key, value []byte, flags uint64) bool {
	hash := h.hash(key)
	st := h.lock(t, hash&h.mask)
	p, at, found := h.find(hash, key)
	if found && flags != abi.NoExist {
		t.copyWords(h.value(p, at), value, memory(Values, h.slot(p, at), true))
	}
	h.unlock(st)
	return found
}

// supersede is the slot for what replaces element at: the CPU's spare one, and the old one becomes the spare. Elements that may
// move stay in theirs.
func (h *hash) supersede(t *Task, p *page, at uint32) slot {
	old := h.slot(p, at)
	if h.layout.has(keys) {
		return old
	}
	spare := t.CPU % len(h.spares)
	t.Touch(write(Slots, spareSlot+uint64(spare)))
	s := slot(h.spares[spare].slot.Swap(uint32(old)))
	if s == none {
		t.Touch(write(Slots, freeSlots))
		s = h.arena.fresh()
	}
	return s
}

// Memlock is what fdinfo of 6.18 shows.
func (h *hash) Memlock() uint64 { return hashBytes(h.spec, h.pool.count()) }

// hashBytes counts all elements and one spare a CPU when preallocated, else the elements that there are (formula
// fitted to fdinfo; the constants are struct sizes of that build). HASH_OF_MAPS, which replaces in place, has no spares.
func hashBytes(spec Spec, elements uint32) uint64 {
	if spec.Flags&abi.FlagNoPrealloc != 0 {
		return tableBytes(spec) + (elementBytes(spec)+8)*uint64(elements)
	}
	cpus := uint64(spec.CPUs)
	elementsAndSpares := uint64(spec.MaxEntries)
	if spec.Type == abi.Hash {
		elementsAndSpares += cpus
	}
	return tableBytes(spec) + elementBytes(spec)*elementsAndSpares + 8*cpus
}

// emptyHashBytes is what a HASH takes at once.
func emptyHashBytes(spec Spec) uint64 { return hashBytes(spec, 0) }

// tableBytes is what a hash table costs in Linux 6.18 without its elements.
func tableBytes(spec Spec) uint64 { return 896 + 16*uint64(bucketCount(spec.MaxEntries)) }

// elementBytes is what one element costs in Linux 6.18.
func elementBytes(spec Spec) uint64 {
	return 48 + round8(uint64(spec.KeySize)) + round8(uint64(spec.ValueSize))
}

// round8 rounds up to a multiple of 8.
func round8(n uint64) uint64 { return (n + 7) &^ 7 }

const (
	hashFlags  = abi.FlagNoPrealloc | abi.FlagNoCommonLRU | abi.FlagNUMANode | abi.FlagZeroSeed | access
	maxElement = 4<<20 - 48 // an element, with its 48 bytes of header, stays below 4 MiB
	maxBuckets = 1 << 27
)

// checkHash: htab_map_alloc_check.
func checkHash(spec Spec, sysAdmin bool) abi.Errno {
	lru := spec.Type == abi.LRUHash || spec.Type == abi.LRUPerCPUHash
	private := spec.Flags&abi.FlagNoCommonLRU != 0
	switch {
	case spec.Flags&abi.FlagZeroSeed != 0 && !sysAdmin:
		return abi.EPERM
	case !flagsWithin(spec.Flags, hashFlags), private && !lru:
		return abi.EINVAL
	case lru && spec.Flags&abi.FlagNoPrealloc != 0:
		return abi.ENOTSUPP
	case (private || perCPU(spec)) && onNode(spec), spec.MaxEntries == 0, spec.KeySize == 0, spec.ValueSize == 0:
		return abi.EINVAL
	case uint64(spec.KeySize)+uint64(spec.ValueSize) >= maxElement, perCPU(spec) && partBytes(spec) > maxPart:
		return abi.E2BIG
	}
	return abi.OK
}
