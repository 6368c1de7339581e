package bpfsys

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// cgroup finds the cgroup behind fd and remembers which cgroups are above it.
func (c *call) cgroup(fd int32) (uint64, abi.Errno) {
	ids := c.proc.host().CgroupLine(fd)
	if len(ids) == 0 {
		_, errno := c.proc.host().Cgroup(fd)
		return 0, errno
	}
	c.kernel.hooks.know(ids)
	return ids[0], abi.OK
}

// know learns the line of cgroups from one up to the root.
func (h *hooks) know(ids []uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.parents == nil {
		h.parents = map[uint64]uint64{}
	}
	for i, id := range ids[1:] {
		h.parents[ids[i]] = id
	}
}

// cgroupSeat is how a program shall sit at a cgroup.
type cgroupSeat struct {
	flags    uint32
	anchor   anchor
	replace  *Program // with BPF_F_REPLACE
	revision uint64   // that the cgroup must have, or 0
}

// mostInCgroup is BPF_CGROUP_MAX_PROGS.
const mostInCgroup = 64

// attachCgroup follows __cgroup_bpf_attach in kernel/bpf/cgroup.c.
func (h *hooks) attachCgroup(p Point, s *seat, how cgroupSeat) abi.Errno {
	saved := how.flags & (allowOverride | allowMulti)
	multi := how.flags&allowMulti != 0
	k := h.make(p)
	switch {
	case saved == allowOverride|allowMulti, how.flags&replaceProg != 0 && !multi,
		how.flags&replaceProg != 0 && how.flags&(beforeProg|afterProg) != 0, how.flags&replaceProg != 0 && how.replace == nil:
		return abi.EINVAL
	case how.revision != 0 && how.revision != k.revision:
		return abi.ESTALE
	case !h.allowedAbove(p), len(k.seats) > 0 && k.flags != saved:
		return abi.EPERM
	case len(k.seats) >= mostInCgroup:
		return abi.E2BIG
	}
	at, errno := k.taken(s, how)
	if errno != abi.OK {
		return errno
	}
	if at < 0 {
		if errno = k.insert(s, how); errno != abi.OK {
			return errno
		}
	} else {
		h.left = append(h.left, k.seats[at].prog)
		k.seats[at] = s
	}
	k.flags = saved
	k.revision++
	return abi.OK
}

// taken is the place of the program that a new one replaces, -1 where it replaces none (find_attach_entry).
func (k *hook) taken(s *seat, how cgroupSeat) (int, abi.Errno) {
	if how.flags&allowMulti == 0 {
		return len(k.seats) - 1, abi.OK
	}
	if s.prog != nil && s.prog != how.replace {
		for _, other := range k.seats {
			if other.prog == s.prog {
				return 0, abi.EINVAL
			}
		}
	}
	if how.replace == nil {
		return -1, abi.OK
	}
	at := slices.IndexFunc(k.seats, func(other *seat) bool { return other.prog == how.replace })
	if at < 0 {
		return 0, abi.ENOENT
	}
	return at, abi.OK
}

// insert puts a seat next to the one that how names, or at an end (get_prog_list).
func (k *hook) insert(s *seat, how cgroupSeat) abi.Errno {
	before, after := how.flags&beforeProg != 0, how.flags&afterProg != 0
	linked, a := how.flags&byLink != 0, how.anchor
	switch {
	case a.named && (before == after || linked != (s.link != nil)):
		return abi.EINVAL
	case !a.named && before && after && len(k.seats) > 0:
		return abi.EINVAL
	case a.errno != abi.OK:
		return a.errno
	}
	at := len(k.seats)
	if before {
		at = 0
	}
	if a.named {
		at = slices.IndexFunc(k.seats, func(other *seat) bool {
			return linked && other.link == a.link || !linked && other.prog == a.prog
		})
		switch {
		case at < 0:
			return abi.ENOENT
		case (k.seats[at].flags^how.flags)&preorder != 0:
			return abi.EINVAL
		case after:
			at++
		}
	}
	k.seats = slices.Insert(k.seats, at, s)
	return abi.OK
}

// above is the hook at the cgroup above, with the same attach type; the point tells whether there is such a cgroup.
func (h *hooks) above(p Point) (Point, bool) {
	parent, ok := h.parents[p.Cgroup]
	p.Cgroup = parent
	return p, ok
}

// allowedAbove follows hierarchy_allows_attach: the nearest cgroup above that has programs decides.
func (h *hooks) allowedAbove(p Point) bool {
	for p, ok := h.above(p); ok; p, ok = h.above(p) {
		k := h.find(p)
		switch {
		case k == nil || len(k.seats) == 0:
		case k.flags&allowMulti != 0:
			return true
		default:
			return k.flags&allowOverride != 0
		}
	}
	return true
}

// effective are the programs that run for a cgroup, in their order (compute_effective_progs): those with BPF_F_PREORDER from
// the root down, then the others up to the root.
func (h *hooks) effective(p Point) (seats []*seat) {
	var first []*seat
	for ok := true; ok; p, ok = h.above(p) {
		k := h.find(p)
		if k == nil || len(first)+len(seats) > 0 && k.flags&allowMulti == 0 {
			continue
		}
		var here []*seat
		for _, s := range k.seats {
			if s.flags&preorder != 0 {
				here = append(here, s)
			} else {
				seats = append(seats, s)
			}
		}
		first = append(here, first...)
	}
	return append(first, seats...)
}

// removeCgroup takes a link from a cgroup.
func (h *hooks) removeCgroup(p Point, l *Link) {
	k := h.find(p)
	if i := k.of(l); i >= 0 {
		k.leave(i)
	}
}

// leave empties a seat at a cgroup, which forgets its flags with the last.
func (k *hook) leave(i int) {
	k.seats = slices.Delete(k.seats, i, i+1)
	k.revision++
	if len(k.seats) == 0 {
		k.flags = 0
	}
}
