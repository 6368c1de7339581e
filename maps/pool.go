package maps

import "sync"

// pool holds a HASH's free elements, the last one given back first, and counts those in use. Linux keeps a list a
// CPU (percpu_freelist.c) which nobody can see, so taking one is no step.
type pool struct {
	table *table
	mu    sync.Mutex
	top   slot
	used  uint32
}

// take is a free element, none when max entries are in use.
func (p *pool) take() slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used == p.table.spec.MaxEntries {
		return none
	}
	p.used++
	s := p.top
	if s == none {
		return p.table.arena.fresh()
	}
	p.top = p.table.next(s)
	return s
}

// give takes an element back.
func (p *pool) give(_ *Task, s slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.table.link(s, p.top)
	p.top = s
	p.used--
}

// giveAll takes a whole chain back: its first element is the next to be taken.
func (p *pool) giveAll(_ *Task, first, last slot, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.table.link(last, p.top)
	p.top = first
	p.used -= uint32(n)
}

// count is the number of elements in use.
func (p *pool) count() uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}
