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

// reserve counts an element in: E2BIG when max entries are in use, ENOMEM when there is no memory for another.
func (p *pool) reserve() abi.Errno {
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

// take is a free slot, for an element that was counted in.
func (p *pool) take() slot {
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
func (p *pool) give(_ *Task, s slot) {
	if s != none {
		p.put(s, s)
	}
	p.used.Add(^uint32(0))
}

// giveAll takes a whole chain back: its first element is the next to be taken.
func (p *pool) giveAll(_ *Task, first, last slot, n int) {
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
