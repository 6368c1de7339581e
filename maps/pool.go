package maps

import "github.com/bpfsim/bpfsim/abi"

// pool counts a HASH's elements in use, and holds the free slots, the last one given back first. Linux keeps a list a
// CPU (percpu_freelist.c) which nobody can see, so taking one is no step.
type pool struct {
	table   *table
	element uint64 // bytes that one costs
	used    sharedCount
	granted sharedCount // elements that there is memory for
	mu      mutex
	top     slot
}

// init starts a pool of the elements of x: those of a map that Linux allocates at once are paid for.
func (p *pool) init(x *table, element uint64) {
	p.table, p.element = x, element
	if x.spec.Flags&abi.FlagNoPrealloc == 0 {
		p.granted.Store(x.spec.MaxEntries)
	}
}

// counts reports whether others can come in between a look at the number of elements and its change: where Linux allocates
// each (alloc_htab_elem and free_htab_elem in hashtab.c).
func (p *pool) counts(t *Task) bool {
	return t.Scheduler != nil && p.table.spec.Flags&abi.FlagNoPrealloc != 0
}

// reserve counts an element in: E2BIG when max entries are in use, ENOMEM when there is no memory for another. Of several
// tasks that find the last place free, each in another bucket, a Scheduler can let all have it, as Linux does.
func (p *pool) reserve(t *Task) abi.Errno {
	if p.counts(t) {
		t.Touch(read(Slots, usedSlots))
		if p.used.Load() >= p.table.spec.MaxEntries {
			return abi.E2BIG
		}
		t.Step(PointCount)
		t.Touch(write(Slots, usedSlots))
		return p.exceed()
	}
	t.Touch(write(Slots, usedSlots))
	for {
		used := p.used.Load()
		if used == p.granted.Load() {
			if errno := p.grow(used); errno != abi.OK {
				return errno
			}
			continue
		}
		if p.used.CompareAndSwap(used, used+1) {
			return abi.OK
		}
	}
}

// grow gets memory for more elements than those in use.
func (p *pool) grow(used uint32) abi.Errno {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case used == p.table.spec.MaxEntries:
		return abi.E2BIG
	case used != p.granted.Load(): // somebody else was here
		return abi.OK
	}
	n, ok := p.table.spec.Account.grant(p.element, p.table.spec.MaxEntries-used)
	if !ok {
		return abi.ENOMEM
	}
	p.granted.Add(n)
	return abi.OK
}

// exceed counts an element in, whether or not there is room.
func (p *pool) exceed() abi.Errno {
	if p.used.Add(1) <= p.granted.Load() {
		return abi.OK
	}
	n, ok := p.table.spec.Account.grant(p.element, 1)
	if !ok {
		p.used.Add(^uint32(0))
		return abi.ENOMEM
	}
	p.granted.Add(n)
	return abi.OK
}

// replacing counts an element in that takes another one's place, and replaced the other one out: an element is allocated
// before the old one is freed, and without its bucket's lock.
func (p *pool) replacing(t *Task) {
	if p.counts(t) {
		t.Touch(write(Slots, usedSlots))
		p.used.Add(1)
	}
}

func (p *pool) replaced(t *Task) {
	if p.counts(t) {
		t.Step(PointCount)
		t.Touch(write(Slots, usedSlots))
		p.used.Add(^uint32(0))
	}
}

// take is a free slot, for an element that was counted in.
func (p *pool) take(t *Task) slot {
	t.Touch(write(Slots, freeSlots))
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.top
	if s == none {
		return p.table.arena.fresh()
	}
	p.top = p.table.arena.next(s)
	return s
}

// give takes an element back.
func (p *pool) give(t *Task, s slot) {
	if p.counts(t) {
		t.Step(PointCount)
	}
	t.Touch(write(Slots, usedSlots))
	t.Touch(write(Slots, freeSlots))
	if s != none {
		p.put(s, s)
	}
	p.used.Add(^uint32(0))
}

// giveAll takes a whole chain back: its first element is the next to be taken.
func (p *pool) giveAll(t *Task, first, last slot, n int) {
	if p.counts(t) {
		t.Step(PointCount)
	}
	t.Touch(write(Slots, usedSlots))
	t.Touch(write(Slots, freeSlots))
	if first != none {
		p.put(first, last)
	}
	p.used.Add(-uint32(n))
}

// put puts a chain in front of the free slots.
func (p *pool) put(first, last slot) {
	p.mu.Lock()
	p.table.arena.link(last, p.top)
	p.top = first
	p.mu.Unlock()
}

// count is the number of elements in use.
func (p *pool) count() uint32 { return p.used.Load() }
