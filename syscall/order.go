package bpfsys

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// order is where a program shall be among those of a device (kernel/bpf/mprog.c).
type order struct {
	flags    uint32
	anchor   anchor
	revision uint64 // that the hook must have, or 0
}

func (c *call) order(flags, fdOrID uint32, revision uint64) order {
	return order{flags, c.anchor(flags&^replaceProg, fdOrID), revision}
}

// mostInOrder is BPF_MPROG_MAX.
const mostInOrder = 64

// noPosition stands for no position; that before the first is -1.
const noPosition = -2

// order puts a seat among the others, or in the place of that of old (bpf_mprog_attach). p is what runs in it.
func (k *hook) order(s *seat, p, old *Program, o order) abi.Errno {
	switch {
	case o.revision != 0 && o.revision != k.revision:
		return abi.ESTALE
	case k.has(p):
		return abi.EEXIST
	}
	if errno := o.anchor.fits(p.kind); errno != abi.OK {
		return errno
	}
	at := noPosition
	if o.flags&replaceProg != 0 {
		i, errno := k.exactly(old, s.link)
		if errno != abi.OK {
			return errno
		}
		at = i
	}
	at, errno := k.position(at, o)
	switch {
	case errno != abi.OK:
		return errno
	case at >= mostInOrder:
		return abi.ERANGE
	case o.flags&replaceProg != 0:
		k.seats[at] = s
	default:
		if o.flags&beforeProg != 0 && at != len(k.seats) {
			at++
		}
		k.seats = slices.Insert(k.seats, at, s)
	}
	k.revision++
	return abi.OK
}

// fits asks whether the anchor, if any, runs programs of a type; ProgUnspec is any.
func (a *anchor) fits(t abi.ProgType) abi.Errno {
	switch {
	case a.errno != abi.OK:
		return a.errno
	case a.prog != nil && t != abi.ProgUnspec && a.prog.kind != t:
		return abi.EINVAL
	}
	return abi.OK
}

// position is where all flags agree to be: the place before with BEFORE, that behind with AFTER, and the end without any. at is
// what has been agreed on.
func (k *hook) position(at int, o order) (int, abi.Errno) {
	for _, side := range []struct {
		flag uint32
		off  int
		end  int
	}{{beforeProg, -1, -1}, {afterProg, 1, len(k.seats)}} {
		if o.flags&side.flag == 0 {
			continue
		}
		i, ok := k.beside(o.anchor, side.off, side.end)
		switch {
		case !ok:
			return 0, abi.ENOENT
		case at != noPosition && i != at:
			return 0, abi.ERANGE
		}
		at = i
	}
	if at != noPosition {
		return at, abi.OK
	}
	if o.anchor.prog != nil || o.flags != 0 {
		return 0, abi.EINVAL
	}
	return len(k.seats), abi.OK
}

// beside is the place off from the anchor, or an end where none is named.
func (k *hook) beside(a anchor, off, end int) (int, bool) {
	if a.prog == nil {
		return end, true
	}
	for i, s := range k.seats {
		if s.program() == a.prog && (a.link == nil || a.link == s.link) {
			return i + off, true
		}
	}
	return 0, false
}

// exactly is the place of a program that is attached through a link, or through none.
func (k *hook) exactly(p *Program, l *Link) (int, abi.Errno) {
	for i, s := range k.seats {
		if s.program() != p {
			continue
		}
		if s.link != l {
			return 0, abi.EBUSY
		}
		return i, abi.OK
	}
	return 0, abi.ENOENT
}

func (k *hook) has(p *Program) bool {
	return slices.ContainsFunc(k.seats, func(s *seat) bool { return s.program() == p })
}

// disorder takes a program without a link away, or where none is named the one at the place that flags tell of
// (bpf_mprog_detach).
func (k *hook) disorder(p *Program, o order) (*Program, abi.Errno) {
	switch {
	case o.flags&replaceProg != 0:
		return nil, abi.EINVAL
	case o.revision != 0 && o.revision != k.revision:
		return nil, abi.ESTALE
	}
	kind, at := abi.ProgUnspec, noPosition
	if p != nil {
		kind = p.kind
	}
	errno := o.anchor.fits(kind)
	if errno == abi.OK && p != nil {
		at, errno = k.exactly(p, nil)
	}
	if errno == abi.OK {
		at, errno = k.position(at, o)
	}
	if errno != abi.OK {
		return nil, errno
	}
	at = min(max(at, 0), len(k.seats)-1)
	left := k.seats[at]
	if left.link != nil {
		return nil, abi.EBUSY
	}
	k.seats = slices.Delete(k.seats, at, at+1)
	k.revision++
	return left.prog, abi.OK
}
