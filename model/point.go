package model

import (
	"maps"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// points are the places where something is, or was, attached.
type points map[site]point

// site is where in the world a place is: at the cgroup, at a network device, in the network namespace, or at a hook of netfilter in that,
// each with an attach type.
type site struct {
	at     abi.AttachType
	device uint32
	filter [4]uint32 // family, hook, priority, flags; flags are no part of the place
}

// point is what is attached in one place. The first program runs first.
type point struct {
	seats    []seat
	flags    uint32
	revision uint64 // counts changes, from 1
}

// seat is that of a program, or of a link, by serial; the other is 0.
type seat struct {
	prog, link int
	flags      uint32
}

// point is what is attached there now.
func (s *State) point(at site) point {
	if p, ok := s.points[at.place()]; ok {
		return p
	}
	return point{revision: 1}
}

// changePoint changes what is attached in a place. Only for a state that nobody else has yet.
func (s *State) changePoint(at site, change func(p *point)) {
	p := s.point(at)
	p.seats = slices.Clone(p.seats)
	change(&p)
	if s.points = maps.Clone(s.points); s.points == nil {
		s.points = points{}
	}
	s.points[at.place()] = p
	if len(p.seats) == 0 && !at.isCgroup() { // which alone goes on counting changes
		delete(s.points, at.place())
	}
}

// leave takes a seat away; with the last the place forgets how programs were attached.
func (p *point) leave(i int) {
	p.seats = slices.Delete(p.seats, i, i+1)
	p.revision++
	if len(p.seats) == 0 {
		p.flags = 0
	}
}

// unseat takes a link from its place. Only for a state that nobody else has yet.
func (s *State) unseat(o *object) {
	if o.link.event != 0 {
		s.leaveEvent(o.link.event)
		return
	}
	at := slices.IndexFunc(s.point(o.link.site).seats, func(t seat) bool { return t.link == o.serial })
	if at >= 0 {
		s.changePoint(o.link.site, func(p *point) { p.leave(at) })
	}
}

// seated reports whether a program is attached without a link.
func (s *State) seated(serial int) bool {
	for _, p := range s.points {
		if slices.ContainsFunc(p.seats, func(t seat) bool { return t.prog == serial }) {
			return true
		}
	}
	return false
}
