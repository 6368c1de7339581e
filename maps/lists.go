package maps

// listEnds is the number of list ends that a lists needs.
const listEnds = 3

// lists is an active, an inactive and a free list, and the rules that move nodes between them (bpf_lru_list.c). A
// common LRU has one, shared by the CPUs; NO_COMMON_LRU has one a CPU.
type lists struct {
	chain
	lock Lock
	ends [listEnds]slot // by kind: free, inactive, active
	held [listEnds]int  // nodes in each; free is not counted
	// cursor is the next inactive node that rotation looks at, or the end of the list.
	cursor slot
	// virgin nodes were never used. They stand behind the free list's tail without taking memory.
	virgin uint32
	cpu    uint32 // owner of the virgin nodes
	scans  int    // nodes that one pass looks at
}

// init makes empty lists whose ends are first and the slots behind it.
func (l *lists) init(c chain, first slot, virgin uint32, scans int) {
	l.chain, l.virgin, l.scans = c, virgin, scans
	for kind := range l.ends {
		l.ends[kind] = c.list(first + slot(kind))
	}
	l.cursor = l.ends[kindInactive]
}

// move puts a node of this lists at the head of another list of it; the node counts as unused from there on.
func (l *lists) move(t *Task, s slot, kind uint32) {
	l.out(s)
	l.in(t, s, kind)
}

// out takes a node out of these lists. A cursor on it steps back.
func (l *lists) out(s slot) {
	n := l.at(s)
	if s == l.cursor {
		l.cursor = n.prev
	}
	l.held[n.kind.Load()]--
	l.remove(s)
}

// in puts a node that is in no list at the head of one.
func (l *lists) in(t *Task, s slot, kind uint32) {
	l.held[kind]++
	l.push(t, l.ends[kind], s, kind)
	l.at(s).ref.Store(false)
}

// popFree takes a node from the free list, none when there is none.
func (l *lists) popFree(t *Task) slot {
	s := l.at(l.ends[kindFree]).next
	if s != l.ends[kindFree] {
		l.out(s)
		return s
	}
	if l.virgin == 0 {
		return none
	}
	l.virgin--
	t.Touch(write(Slots, freeSlots))
	s = l.arena.fresh()
	l.at(s).cpu = l.cpu
	return s
}

// rotate keeps the two lists balanced and gives used nodes another round.
func (l *lists) rotate(t *Task) {
	if l.held[kindInactive] < l.held[kindActive] {
		l.rotateActive(t)
	}
	l.rotateInactive(t)
}

// rotateActive looks at active nodes from the tail: used ones go to the head, others become inactive.
func (l *lists) rotateActive(t *Task) {
	end := l.ends[kindActive]
	first := l.at(end).next
	s := l.at(end).prev
	for i := 0; i < l.scans && s != end; i++ {
		before := l.at(s).prev
		l.move(t, s, l.keep(t, s))
		if s == first {
			return
		}
		s = before
	}
}

// keep is where an active node goes when it is looked at.
func (l *lists) keep(t *Task, s slot) uint32 {
	if l.used(t, s) {
		return kindActive
	}
	return kindInactive
}

// rotateInactive looks at inactive nodes from the cursor towards the head and on from the tail, once around at most:
// used ones become active.
func (l *lists) rotateInactive(t *Task) {
	end := l.ends[kindInactive]
	if l.empty(end) {
		return
	}
	last := l.at(l.cursor).next
	if last == end {
		last = l.at(end).next
	}
	s := l.cursor
	for i := 0; i < l.scans; {
		if s == end {
			s = l.at(end).prev
			continue
		}
		before := l.at(s).prev
		if l.used(t, s) {
			l.move(t, s, kindActive)
		}
		done := s == last
		s = before
		if done {
			break
		}
		i++
	}
	l.cursor = s
}

// shrink evicts up to want elements, least recently inserted first, and hands their nodes to keep. Used ones are
// spared; when that leaves nothing, one goes all the same.
func (l *lists) shrink(t *Task, want int, keep func(s slot)) {
	if l.shrinkInactive(t, want, keep) == 0 {
		l.force(t, keep)
	}
}

func (l *lists) shrinkInactive(t *Task, want int, keep func(s slot)) int {
	end := l.ends[kindInactive]
	got := 0
	s := l.at(end).prev
	for i := 0; i < l.scans && s != end && got < want; i++ {
		before := l.at(s).prev
		if l.used(t, s) {
			l.move(t, s, kindActive)
		} else if l.evict(t, s) {
			l.out(s)
			keep(s)
			got++
		}
		s = before
	}
	return got
}

// force evicts one element, used or not, from the inactive list or, when that is empty, from the active one.
func (l *lists) force(t *Task, keep func(s slot)) {
	end := l.ends[kindInactive]
	if l.empty(end) {
		end = l.ends[kindActive]
	}
	for s := l.at(end).prev; s != end; s = l.at(s).prev {
		if l.evict(t, s) {
			l.out(s)
			keep(s)
			return
		}
	}
}

// giveBack puts a node on the free list.
func (l *lists) giveBack(t *Task, s slot) {
	l.lock.Lock(t)
	defer l.lock.Unlock()
	l.move(t, s, kindFree)
}
