package maps

// settle gives every element a slot of its own, for its key too. Whoever may look at an element between somebody else's
// steps needs that: Linux's readers hold no lock, and go on reading where the element was, even when another key's is
// there by now. Under a Scheduler all readers are so, and elsewhere those who asked for a Live.
func (x *table) settle() {
	x.arena.keepKeys(x.spec)
	for n := uint32(0); n <= x.pageNumber(x.mask); n++ {
		if p := x.get(n); p.room > 0 {
			x.settlePage(p)
		}
	}
	x.layout = settled
}

func (x *table) settlePage(p *page) {
	next := p.resized(settled)
	inside()
	for at := range p.count {
		key, s := x.key(p, at), x.slot(p, at)
		if s == none {
			s = x.arena.fresh()
			copy(x.arena.value(s), x.value(p, at))
		}
		copy(x.arena.key(s), key)
		next.fill(at, tag(x.hash(key)), s, settled)
	}
	*p = next
}

// settleFor settles the table for a task that a Scheduler watches.
func (x *table) settleFor(t *Task) {
	if t.Scheduler != nil && x.layout.has(keys) {
		x.settle()
	}
}

// settleLive settles the table while others may be using it.
func (x *table) settleLive(t *Task) {
	x.lockAll(t, true)
	if x.layout.has(keys) {
		x.settle()
	}
	x.unlockAll()
}
