package maps

import (
	"sync"
	"sync/atomic"
)

// pool counts a HASH's elements in use, and holds the free slots, the last one given back first. Linux keeps a list a
// CPU (percpu_freelist.c) which nobody can see, so taking one is no step.
type pool struct {
	table *table
	used  atomic.Uint32
	mu    sync.Mutex
	top   slot
}

// reserve counts an element in, or reports that max entries are in use.
func (p *pool) reserve() bool {
	for {
		used := p.used.Load()
		if used == p.table.spec.MaxEntries {
			return false
		}
		if p.used.CompareAndSwap(used, used+1) {
			return true
		}
	}
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
