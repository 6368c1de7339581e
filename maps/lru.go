package maps

import "github.com/bpfsim/bpfsim/abi"

// lru is LRU_HASH, with common lists or, under NO_COMMON_LRU, lists a CPU.
type lru struct {
	table
	lists   nodeLists
	evicted func(t *Task, key []byte) // nil: nobody wants to know
}

// nodeLists decides which element an insertion gets and who is evicted for it. Taking may lock buckets, so it comes
// before the bucket's own lock (the order of bpf_lru_list.c).
type nodeLists interface {
	give(t *Task, s slot)
	// take is an element to be linked with a key of that hash, none when all are being inserted or removed by others.
	take(t *Task, hash uint32) slot
	// spare reports whether an element that is taken and given back right away leaves everything as it was.
	spare(t *Task) bool
}

func newLRU(spec Spec) *lru {
	m := new(lru)
	m.start(spec)
	return m
}

// start makes m an empty map.
func (m *lru) start(spec Spec) {
	private := spec.Flags&abi.FlagNoCommonLRU != 0
	ends := listEnds + localEnds*spec.CPUs
	if private {
		ends = listEnds * spec.CPUs
	}
	m.arena.nodes = newSlab[node](1, ends+int(spec.MaxEntries), nodeChunk)
	if c := (chain{arena: &m.arena, evict: m.evict}); private {
		m.lists = newPerCPULists(c, spec)
	} else {
		m.lists = newCommonLists(c, spec)
	}
	m.init(spec, settled, slot(ends), int(spec.MaxEntries), m)
}

// Memlock is what fdinfo of 6.18 shows.
func (m *lru) Memlock() uint64 { return lruBytes(m.spec) }

// lruBytes counts all elements: they are always preallocated.
func lruBytes(spec Spec) uint64 {
	return tableBytes(spec) + elementBytes(spec)*uint64(spec.MaxEntries)
}

// Update takes an element first, which in a full map evicts another one, the key being updated included, and only
// then looks whether the key is there: an update that fails may still have evicted.
func (m *lru) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	hash := m.hash(key)
	s := m.lists.take(t, hash)
	if s == none {
		return abi.ENOMEM
	}
	t.touchFilled(s)
	m.arena.fill(s, key, value)
	superseded, errno := m.enlist(t, hash, s, key, flags)
	if superseded != none {
		m.lists.give(t, superseded)
	}
	return errno
}

// enlist links s and returns the element that goes back: the one it replaced, or s itself when flags forbid it.
func (m *lru) enlist(t *Task, hash uint32, s slot, key []byte, flags uint64) (slot, abi.Errno) {
	st := m.lock(t, hash&m.mask)
	defer m.unlock(st)
	p, at, found := m.find(hash, key)
	if errno := admit(found, flags); errno != abi.OK {
		return s, errno
	}
	old := none
	if found {
		m.use(t, s)
		old = m.slot(p, at)
		at = m.replace(t, p, hash, at, s)
	} else {
		p, at = m.insert(t, p, hash, s)
	}
	p.fill(at, tag(hash), s, m.layout)
	return old, abi.OK
}

// LookupLive finds key as a BPF program does: it marks the element as used, which the commands of bpf(2) never do.
func (m *lru) LookupLive(t *Task, key []byte) (Live, bool) {
	s := m.findLive(t, key)
	if s == none {
		return nil, false
	}
	m.use(t, s)
	return m.liveValue(s), true
}

// use marks an element as used.
func (m *lru) use(t *Task, s slot) {
	t.Touch(write(Nodes, uint64(s)))
	m.arena.node(s).ref.Store(true)
}

// OnEvict has f called under the bucket's lock with each key that is evicted.
func (m *lru) OnEvict(f func(t *Task, key []byte)) { m.evicted = f }

func (m *lru) give(t *Task, s slot) { m.lists.give(t, s) }

// giveAll gives one by one, from the last to the first: where each goes decides what is used next.
func (m *lru) giveAll(t *Task, first, _ slot, _ int) {
	for s := m.reverse(first); s != none; {
		next := m.arena.next(s)
		m.lists.give(t, s)
		s = next
	}
}

// reverse turns a chain round and returns its new head.
func (m *lru) reverse(s slot) slot {
	behind := none
	for s != none {
		next := m.arena.next(s)
		m.arena.link(s, behind)
		s, behind = next, s
	}
	return behind
}

// evict unlinks s, unless it is not linked (yet, or any more).
func (m *lru) evict(t *Task, s slot) bool {
	b := m.arena.node(s).hash & m.mask
	st := m.lock(t, b)
	defer m.unlock(st)
	p, i := m.pageOf(b)
	for at, to := p.bounds(i); at < to; at++ {
		if m.slot(p, at) == s {
			if m.evicted != nil {
				m.evicted(t, m.arena.key(s))
			}
			m.remove(t, p, b, at, 1)
			return true
		}
	}
	return false
}
