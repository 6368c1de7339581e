package bpfsys

import stdmaps "maps"

// Places of the host's go without a word to anybody here: network devices, cgroups, network namespaces, sockets. Linux takes what is attached
// there away with them; here that is found out when somebody looks.

// vanishing is the part of a link's place that knows whether it is still there.
type vanishing struct{ gone func() bool } // nil: it never goes

func (v vanishing) vanished() bool { return v.gone != nil && v.gone() }

// look detaches a link whose place is gone. Asking may take a while.
func (l *Link) look() {
	if place, ok := l.place.(interface{ vanished() bool }); ok && l.isAttached() && place.vanished() {
		l.detach()
	}
}

func (l *Link) isAttached() bool {
	h := &l.kernel.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	return l.attached
}

// watch has Sweep ask about a place where a program is attached without a link. The hooks are locked.
func (h *hooks) watch(at Point, gone func() bool) {
	if gone == nil {
		return
	}
	if h.gone == nil {
		h.gone = map[Point]func() bool{}
	}
	h.gone[at] = gone
}

// Sweep gives back what was attached to places that are gone.
func (k *Kernel) Sweep() {
	for _, l := range k.Links() {
		l.look()
	}
	h := &k.hooks
	for point, gone := range h.watched() {
		if gone() {
			h.leave(point)
		}
	}
}

// watched are the places that Sweep asks about.
func (h *hooks) watched() map[Point]func() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return stdmaps.Clone(h.gone)
}

// leave empties a place that is gone.
func (h *hooks) leave(at Point) {
	h.mu.Lock()
	defer h.unlock()
	if k := h.find(at); k != nil {
		h.vacate(k)
		if len(k.seats) == 0 {
			delete(h.at, at)
		}
	}
	delete(h.gone, at)
	delete(h.clsact, at)
}

// vacate takes all programs away that no link has attached. The hooks are locked.
func (h *hooks) vacate(k *hook) {
	var linked []*seat
	for _, s := range k.seats {
		if s.link != nil {
			linked = append(linked, s)
		} else {
			h.left = append(h.left, s.prog)
		}
	}
	k.seats = linked
	h.tidy(k)
	delete(h.gone, k.point)
}
