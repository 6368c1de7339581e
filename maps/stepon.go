package maps

// Under a Scheduler GET_NEXT_KEY finds the element of its key in one step and goes on from it in another, as on Linux
// (htab_map_get_next_key in hashtab.c), where it holds no lock. What it found may have left its bucket meanwhile, from
// which it still leads to where it led then, or may be another key's, maybe in another bucket, where the walk goes on.

// stepOn copies the key of the element behind key, or tells from which bucket on to look for it.
func (x *table) stepOn(t *Task, key, next []byte) (from uint32, copied bool) {
	hash := x.hash(key)
	b := hash & x.mask
	in := x.enter(t, b)
	defer x.leave(t, in)
	p, at, found := x.find(hash, key)
	if !found {
		return 0, false
	}
	s := x.slot(p, at)
	t.Step(PointFind)
	t.Touch(read(Links, uint64(s)))
	behind := x.behind(s)
	if behind == none {
		return b + 1, false
	}
	t.copyWords(next, x.arena.key(behind), memory(Keys, behind, false))
	return b + 1, true
}

// behind is the slot of the element behind that in slot s, whether or not that is in the map.
func (x *table) behind(s slot) slot {
	b := x.hash(x.arena.key(s)) & x.mask
	p, i := x.pageOf(b)
	for at, to := p.bounds(i); at < to; at++ {
		if x.slot(p, at) == s {
			return x.neighbour(p, b, at)
		}
	}
	return x.left[s]
}

// neighbour is the slot of the element behind element at of bucket b, none for the last one.
func (x *table) neighbour(p *page, b, at uint32) slot {
	if _, to := p.bounds(x.inPage(b)); at+1 < to {
		return x.slot(p, at+1)
	}
	return none
}

// unlink notes where the elements of bucket b from one to another lead, which are about to leave it: there they lead on. The one
// before them leads elsewhere.
func (x *table) unlink(t *Task, p *page, b, from, to uint32) {
	if x.left == nil {
		x.left = make(map[slot]slot)
	}
	for at := from; at < to; at++ {
		x.left[x.slot(p, at)] = x.neighbour(p, b, at)
	}
	if from > p.start(x.inPage(b)) {
		t.Touch(write(Links, uint64(x.slot(p, from-1))))
	}
}
