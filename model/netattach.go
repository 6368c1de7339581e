package model

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// orderFlags are those of places where programs have an order (kernel/bpf/mprog.c).
const orderFlags = replaceProg | beforeProg | afterProg | byID | byLink

// attachToNet is PROG_ATTACH to a device or the network namespace; to the others only links attach.
func (x *run) attachToNet(at abi.AttachType, flags uint32) abi.Errno {
	t := site{at: at, device: x.u32(attachTarget)}
	ordered := t.isTCX()
	const plain = allowOverride | allowMulti | replaceProg | preorder
	switch {
	case at == abi.AttachNetfilter, ordered && flags&^orderFlags != 0,
		!ordered && (flags&^plain != 0 || x.u32(attachRelative) != 0 || x.u64(attachRevision) != 0):
		return abi.EINVAL
	}
	serial, errno := x.program(int32(x.u32(attachProg)))
	if errno != abi.OK {
		return errno
	}
	if p := x.state.object(serial).prog; p.kind != netTypeAt(at) || !p.fitsAt(at) {
		return abi.EINVAL
	}
	if !ordered {
		return x.dissect(t, serial, flags)
	}
	if !x.deviceExists(t.device) {
		return abi.ENODEV
	}
	replaced := 0
	if flags&replaceProg != 0 {
		if replaced, errno = x.program(int32(x.u32(attachReplace))); errno != abi.OK {
			return errno
		}
		if x.state.object(replaced).prog.kind != netTypeAt(at) {
			return abi.EINVAL
		}
	}
	defer x.state.release()
	return x.order(t, seat{prog: serial}, serial, replaced, joining{
		flags: flags, relative: x.u32(attachRelative), revision: x.u64(attachRevision),
	})
}

// dissect attaches a flow dissector without a link, of which there is one, to the network namespace (netns_bpf_prog_attach).
func (x *run) dissect(t site, serial int, flags uint32) abi.Errno {
	if t.at != abi.AttachFlowDissector || t.device != 0 || flags != 0 || x.u32(attachReplace) != 0 {
		return abi.EINVAL
	}
	p := x.state.point(t)
	switch {
	case len(p.seats) > 0 && p.seats[0].link != 0:
		return abi.EEXIST
	case len(p.seats) > 0 && p.seats[0].prog == serial:
		return abi.EINVAL
	}
	x.state.changePoint(t, func(p *point) { p.seats = []seat{{prog: serial}} })
	x.state.release()
	return abi.OK
}

// order puts a seat among those of a device, or in the place of that of replaced. serial is the program in it.
func (x *run) order(t site, s seat, serial, replaced int, j joining) abi.Errno {
	p := x.state.point(t)
	switch {
	case j.revision != 0 && j.revision != p.revision:
		return abi.ESTALE
	case p.runs(x.state, serial):
		return abi.EEXIST
	}
	next, errno := x.next(j, x.state.object(serial).prog.kind)
	if errno != abi.OK {
		return errno
	}
	replaces := j.flags&replaceProg != 0
	at := noIndex
	if replaces {
		if at, errno = p.exactly(x.state, replaced, s.link); errno != abi.OK {
			return errno
		}
	} else if len(p.seats) == mostSeats {
		return abi.ERANGE
	}
	if at, errno = p.agree(x.state, at, j.flags, next); errno != abi.OK {
		return errno
	}
	if j.flags&beforeProg != 0 && !replaces {
		at++
	}
	x.state.changePoint(t, func(p *point) {
		p.revision++
		if replaces {
			p.seats[at] = s
			return
		}
		p.seats = slices.Insert(p.seats, at, s)
	})
	return abi.OK
}

// neighbour is what a program is to be next to: a program, and its link where that was named; 0 for nothing.
type neighbour struct{ prog, link int }

// next is the neighbour that flags and relative_fd name, which must run programs of a type, unless that is UNSPEC.
func (x *run) next(j joining, kind abi.ProgType) (n neighbour, errno abi.Errno) {
	if j.flags&(byID|byLink) == 0 && j.relative == 0 {
		return n, abi.OK
	}
	if n.prog, errno = x.relative(j); errno != abi.OK {
		return n, errno
	}
	if o := x.state.object(n.prog); o.link.is {
		n = neighbour{o.link.prog, o.serial}
	}
	if kind != abi.ProgUnspec && x.state.object(n.prog).prog.kind != kind {
		return n, abi.EINVAL
	}
	return n, abi.OK
}

// noIndex stands for none; -1 is before the first.
const noIndex = -2

// agree is the index on which what flags ask for, and at, agree: the one in front of the neighbour, or behind it, of which an end stands for
// none.
func (p point) agree(s *State, at int, flags uint32, n neighbour) (int, abi.Errno) {
	for _, side := range []struct {
		flag     uint32
		off, end int
	}{{beforeProg, -1, -1}, {afterProg, 1, len(p.seats)}} {
		if flags&side.flag == 0 {
			continue
		}
		i := side.end
		if n.prog != 0 {
			next := slices.IndexFunc(p.seats, func(t seat) bool { return t.program(s) == n.prog && (n.link == 0 || n.link == t.link) })
			if next < 0 {
				return 0, abi.ENOENT
			}
			i = next + side.off
		}
		if at != noIndex && i != at {
			return 0, abi.ERANGE
		}
		at = i
	}
	switch {
	case at != noIndex:
		return at, abi.OK
	case n.prog != 0 || flags != 0:
		return 0, abi.EINVAL
	}
	return len(p.seats), abi.OK
}

// program is the serial of the program in a seat.
func (t seat) program(s *State) int {
	if t.link != 0 {
		return s.object(t.link).link.prog
	}
	return t.prog
}

// runs reports whether a program is attached in a place.
func (p point) runs(s *State, serial int) bool {
	return slices.ContainsFunc(p.seats, func(t seat) bool { return t.program(s) == serial })
}

// exactly is the index of a program that is attached by a link, 0 for none.
func (p point) exactly(s *State, serial, link int) (int, abi.Errno) {
	i := slices.IndexFunc(p.seats, func(t seat) bool { return t.program(s) == serial })
	switch {
	case i < 0:
		return 0, abi.ENOENT
	case p.seats[i].link != link:
		return 0, abi.EBUSY
	}
	return i, abi.OK
}

// detachFromNet is PROG_DETACH from a device or the network namespace.
func (x *run) detachFromNet(at abi.AttachType) abi.Errno {
	t, flags := site{at: at, device: x.u32(attachTarget)}, x.u32(attachFlagsAt)
	j := joining{flags: flags, relative: x.u32(attachRelative), revision: x.u64(attachRevision)}
	fd := int32(x.u32(attachProg))
	bare := flags == 0 && j.relative == 0 && j.revision == 0 && t.device == 0
	switch {
	case !t.isTCX() && at != abi.AttachFlowDissector, !t.isTCX() && !bare, t.isTCX() && flags&^orderFlags != 0:
		return abi.EINVAL
	case t.isTCX() && fd == 0 && !x.state.config.SysAdmin:
		return abi.EPERM
	}
	serial := 0
	if fd != 0 || !t.isTCX() {
		var errno abi.Errno
		if serial, errno = x.program(fd); errno != abi.OK {
			return errno
		}
		if x.state.object(serial).prog.kind != netTypeAt(at) {
			return abi.EINVAL
		}
	}
	defer x.state.release()
	if t.isTCX() {
		return x.disorder(t, serial, j)
	}
	p := x.state.point(t)
	switch {
	case len(p.seats) > 0 && p.seats[0].link != 0:
		return abi.EINVAL
	case len(p.seats) == 0 || p.seats[0].prog != serial:
		return abi.ENOENT
	}
	x.state.changePoint(t, func(p *point) { p.leave(0) })
	return abi.OK
}

// disorder takes a program away from a device, or the one in the place that flags tell of.
func (x *run) disorder(t site, serial int, j joining) abi.Errno {
	p := x.state.point(t)
	switch {
	case !x.deviceExists(t.device):
		return abi.ENODEV
	case len(p.seats) == 0:
		return abi.ENOENT
	case j.flags&replaceProg != 0:
		return abi.EINVAL
	case j.revision != 0 && j.revision != p.revision:
		return abi.ESTALE
	}
	kind, at := abi.ProgUnspec, noIndex
	if serial != 0 {
		kind = x.state.object(serial).prog.kind
	}
	next, errno := x.next(j, kind)
	if errno == abi.OK && serial != 0 {
		at, errno = p.exactly(x.state, serial, 0)
	}
	if errno == abi.OK {
		at, errno = p.agree(x.state, at, j.flags, next)
	}
	if errno != abi.OK {
		return errno
	}
	at = min(max(at, 0), len(p.seats)-1)
	if p.seats[at].link != 0 {
		return abi.EBUSY
	}
	x.state.changePoint(t, func(p *point) { p.leave(at) })
	return abi.OK
}

// Offsets in the attr of PROG_QUERY, of links.
const (
	queryLinkIDs   = 40
	queryLinkFlags = 48
)

// queryNet is PROG_QUERY of a device or the network namespace.
func (x *run) queryNet(at abi.AttachType) abi.Errno {
	t := site{at: at, device: x.u32(queryTarget)}
	switch {
	case t.isTCX() && !x.deviceExists(t.device):
		return abi.ENODEV
	case !t.isTCX() && !t.inNetNS(), x.u32(queryFlags) != 0, t.isTCX() && x.u32(queryAttachFlags) != 0:
		return abi.EINVAL
	}
	if t.inNetNS() {
		if errno := x.isNetNS(t.device); errno != abi.OK {
			return errno
		}
		t.device = 0
	}
	p := x.state.point(t)
	var revision [8]byte
	binary.LittleEndian.PutUint64(revision[:], p.revision)
	if !x.user.put(x.call.Attr+queryAttachFlags, 0) || t.isTCX() && !x.user.write(x.call.Attr+queryRevision, revision[:]) ||
		!x.user.put(x.call.Attr+queryCount, uint32(len(p.seats))) {
		return abi.EFAULT
	}
	if t.inNetNS() {
		return x.listAll(p)
	}
	return x.listOrdered(p)
}

// listAll copies ids of programs, and zeros behind them as far as there is room.
func (x *run) listAll(p point) abi.Errno {
	room, ids := int(x.u32(queryCount)), x.u64(queryProgIDs)
	if room == 0 || ids == 0 || len(p.seats) == 0 {
		return abi.OK
	}
	list := make([]byte, 4*room)
	for i, t := range p.seats[:min(room, len(p.seats))] {
		binary.LittleEndian.PutUint32(list[4*i:], x.learnListed(x.state.object(t.program(x.state)), ids+uint64(4*i)))
	}
	switch {
	case !x.user.write(ids, list):
		return abi.EFAULT
	case room < len(p.seats):
		return abi.ENOSPC
	}
	return abi.OK
}

// listOrdered copies ids of programs, and of links where they are asked for, seat by seat, as far as there is room.
func (x *run) listOrdered(p point) abi.Errno {
	n, room, ids := len(p.seats), x.u32(queryCount), x.u64(queryProgIDs)
	errno := abi.OK
	switch {
	case room == 0, ids == 0:
		return abi.OK
	case room < uint32(n):
		n, errno = int(room), abi.ENOSPC
	}
	for i, t := range p.seats[:n] {
		for which, list := range []uint64{ids, x.u64(queryProgFlags), x.u64(queryLinkIDs), x.u64(queryLinkFlags)} {
			if at := list + uint64(4*i); list != 0 && !x.user.write(at, le32(x.listed(t, which, at))) {
				return abi.EFAULT
			}
		}
	}
	return errno
}

// listed is what a seat has in a list: of programs, their flags, links, and theirs.
func (x *run) listed(t seat, which int, at uint64) uint32 {
	switch {
	case which == 0:
		return x.learnListed(x.state.object(t.program(x.state)), at)
	case which == 2 && t.link != 0:
		return x.learnListed(x.state.object(t.link), at)
	}
	return 0
}
