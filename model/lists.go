package model

import "slices"

// lists is one set of LRU lists (struct bpf_lru_list in kernel/bpf/bpf_lru_list.h): active and inactive nodes, both with
// the head first, and the number of free ones.
type lists struct {
	active   []node
	inactive []node
	free     int
	scans    int   // how many nodes one rotation or shrink looks at
	cursor   int32 // id of the inactive node that the next rotation starts at, 0 for the list head itself
}

// join puts a node at the head of the list that its reference bit asks for, and clears the bit.
func (l *lists) join(n node) {
	to := &l.inactive
	if n.ref {
		to = &l.active
	}
	n.ref = false
	*to = slices.Insert(*to, 0, n)
}

// leave takes the node with that id off its list, if it is on one.
func (l *lists) leave(id int32) bool {
	if at := position(l.active, id); at >= 0 {
		l.active = slices.Delete(l.active, at, at+1)
		return true
	}
	at := position(l.inactive, id)
	if at >= 0 {
		l.takeInactive(at)
	}
	return at >= 0
}

// takeInactive takes a node off the inactive list. A cursor that pointed at it steps towards the head.
func (l *lists) takeInactive(at int) node {
	n := l.inactive[at]
	if l.cursor == n.id {
		l.cursor = l.idAt(at - 1)
	}
	l.inactive = slices.Delete(l.inactive, at, at+1)
	return n
}

// idAt is the id of the inactive node at that position, 0 in front of the first.
func (l *lists) idAt(at int) int32 {
	if at < 0 {
		return 0
	}
	return l.inactive[at].id
}

// rotate moves nodes between the two lists, by their reference bits.
func (l *lists) rotate() {
	if len(l.inactive) < len(l.active) {
		l.rotateActive()
	}
	if len(l.inactive) > 0 {
		l.rotateInactive()
	}
}

// rotateActive looks at nodes from the tail, not past the one that was first: a referenced one has another round, the
// others become inactive.
func (l *lists) rotateActive() {
	for range min(l.scans, len(l.active)) {
		n := l.active[len(l.active)-1]
		l.active = l.active[:len(l.active)-1]
		l.join(n)
	}
}

// rotateInactive looks at nodes from the cursor towards the head, around to the tail, not past the node behind the
// cursor's start: referenced ones become active. The cursor ends at the next one to look at.
func (l *lists) rotateInactive() {
	at := position(l.inactive, l.cursor) // -1: the list head
	last := l.idAt((at + 1) % len(l.inactive))
	for range l.scans {
		if at < 0 {
			at = len(l.inactive) - 1
		}
		n := l.inactive[at]
		at--
		l.cursor = l.idAt(at)
		if n.ref {
			l.join(l.takeInactive(at + 1))
		}
		if n.id == last {
			return
		}
	}
}

// shrink frees up to want nodes and returns how many it freed: inactive ones from the tail, giving referenced ones
// another round; when that frees none at all, the first of the tail of inactive, else of active.
func (l *lists) shrink(want int, evict func(node)) int {
	freed := 0
	for range min(l.scans, len(l.inactive)) {
		if freed == want {
			return freed
		}
		n := l.takeInactive(len(l.inactive) - 1)
		if n.ref {
			l.join(n)
			continue
		}
		evict(n)
		freed++
	}
	if freed > 0 {
		return freed
	}
	return l.force(evict)
}

// force frees one node whatever its reference bit says.
func (l *lists) force(evict func(node)) int {
	switch {
	case len(l.inactive) > 0:
		evict(l.takeInactive(len(l.inactive) - 1))
	case len(l.active) > 0:
		evict(l.active[len(l.active)-1])
		l.active = l.active[:len(l.active)-1]
	default:
		return 0
	}
	return 1
}
