package maps

// settle gives every element a slot. Whoever may look at an element between somebody else's steps needs that: Linux's
// readers hold no lock, and go on reading where the element was, even when another key's is there by now. Under a
// Scheduler all readers are so, and elsewhere those who asked for a Live.
func (x *table) settle() {
	for n := uint32(0); n <= x.mask>>x.shift; n++ {
		if p := x.get(n); p.room > 0 {
			x.settlePage(p)
		}
	}
	x.packed, x.layout = false, slots
}

func (x *table) settlePage(p *page) {
	next := p.resized(slots)
	for at := range p.count {
		s := x.arena.fresh()
		record := p.cell(at, x.layout)
		copy(x.arena.content(s), record)
		next.setTag(at, tag(x.hash(record[:x.spec.KeySize])), slots)
		putSlot(next.cell(at, slots), s)
	}
	*p = next
}

// settleFor settles the table for a task that a Scheduler watches.
func (x *table) settleFor(t *Task) {
	if t.Scheduler != nil && x.packed {
		x.settle()
	}
}

// settleLive settles the table while others may be using it.
func (x *table) settleLive(t *Task) {
	x.lockAll(t, true)
	if x.packed {
		x.settle()
	}
	x.unlockAll()
}
