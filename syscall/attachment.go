package bpfsys

import (
	"cmp"
	"slices"
)

// Attachment is a program that is attached somewhere, for looking at it from outside. It holds nothing.
type Attachment struct {
	Point   Point
	Program *Program
	Link    *Link  // nil where PROG_ATTACH or setsockopt attached it
	Flags   uint32 // attach_flags
}

// Attached are the programs that run at a point, in the order in which they would run. At a cgroup those of the cgroups above it run,
// too, as far as calls have told which these are.
func (k *Kernel) Attached(p Point) []Attachment {
	k.Sweep()
	h := &k.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.Cgroup != 0 {
		return attachments(p, h.effective(p))
	}
	if at := h.find(p); at != nil {
		return attachments(p, at.seats)
	}
	return nil
}

// Attachments are all programs that are attached, point by point.
func (k *Kernel) Attachments() (all []Attachment) {
	k.Sweep()
	h := &k.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	points := make([]Point, 0, len(h.at))
	for p := range h.at {
		points = append(points, p)
	}
	for _, p := range sortedPoints(points) {
		all = append(all, attachments(p, h.at[p].seats)...)
	}
	return all
}

func attachments(p Point, seats []*seat) (all []Attachment) {
	for _, s := range seats {
		all = append(all, Attachment{Point: p, Program: s.program(), Link: s.link, Flags: s.flags})
	}
	return all
}

func sortedPoints(points []Point) []Point {
	slices.SortFunc(points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Cgroup, b.Cgroup), cmp.Compare(a.NetNS, b.NetNS),
			cmp.Compare(a.Device, b.Device), cmp.Compare(a.Map, b.Map), cmp.Compare(a.Event, b.Event),
			cmp.Compare(a.Socket, b.Socket), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	return points
}
