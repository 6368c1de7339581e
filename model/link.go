package model

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// link is what an object has that is a link: a program at the cgroup, for as long as somebody has the link (kernel/bpf/cgroup.c).
type link struct {
	is       bool
	at       abi.AttachType
	prog     int // serial
	attached bool
}

// linkEnd is where the attr of LINK_CREATE ends.
const linkEnd = abi.LinkCreateEnd

// createLink is LINK_CREATE of a program that is attached to cgroups.
func (x *run) createLink() (int32, abi.Errno) {
	at, flags := abi.AttachType(x.u32(abi.LinkCreateAttachType)), x.u32(abi.LinkCreateFlags)
	serial, errno := x.program(int32(x.u32(abi.LinkCreateProgFD)))
	if errno != abi.OK {
		return 0, errno
	}
	p := x.state.object(serial).prog
	switch {
	case p.kind == abi.ProgCgroupSKB && !x.state.config.SysAdmin: // CAP_NET_ADMIN, which it holds
		return 0, abi.EPERM
	case !p.fitsAt(at), flags&^linkFlags != 0:
		return 0, abi.EINVAL
	case !x.isCgroup(abi.LinkCreateTarget):
		return 0, abi.EBADF
	}
	o := &object{link: link{is: true, at: at, prog: serial, attached: true}}
	x.state.add(o)
	errno = x.attach(at, seat{link: o.serial}, joining{
		flags: allowMulti | flags, relative: x.u32(abi.LinkRelative), revision: x.u64(abi.LinkExpectedRevision),
	})
	if errno != abi.OK {
		x.state.release()
		return 0, errno
	}
	fd, errno := x.newFD(o.serial, access{read: true})
	x.state.release() // what it took the place of
	return fd, errno
}

// linkOf is the link whose fd is at an offset of attr.
func (x *run) linkOf(offset int) (*object, abi.Errno) {
	f, open := x.state.files.get(int32(x.u32(offset)))
	switch {
	case !open:
		return nil, abi.EBADF
	case f.serial == 0 || !x.state.object(f.serial).link.is:
		return nil, abi.EINVAL
	}
	return x.state.object(f.serial), abi.OK
}

// Offsets in the attr of LINK_UPDATE.
const (
	updateLink  = 0
	updateProg  = 4
	updateFlags = 8
	updateOld   = 12
)

// updateTheLink is LINK_UPDATE: another program takes the place of the link's.
func (x *run) updateTheLink() abi.Errno {
	if x.u32(updateFlags)&^replaceProg != 0 {
		return abi.EINVAL
	}
	o, errno := x.linkOf(updateLink)
	if errno != abi.OK {
		return errno
	}
	to, errno := x.program(int32(x.u32(updateProg)))
	if errno != abi.OK {
		return errno
	}
	old := o.link.prog
	switch {
	case x.u32(updateFlags) != 0:
		if old, errno = x.program(int32(x.u32(updateOld))); errno != abi.OK {
			return errno
		}
	case x.u32(updateOld) != 0:
		return abi.EINVAL
	}
	switch {
	case !o.link.attached:
		return abi.ENOLINK
	case old != o.link.prog:
		return abi.EPERM
	case x.state.object(to).prog.kind != x.state.object(old).prog.kind:
		return abi.EINVAL
	}
	x.state.edit(o.serial).link.prog = to
	x.state.changePoint(o.link.at, func(p *point) { p.revision++ })
	x.state.release()
	return abi.OK
}

// detachLink is LINK_DETACH; a second time there is nothing to do.
func (x *run) detachLink() abi.Errno {
	o, errno := x.linkOf(0)
	if errno != abi.OK || !o.link.attached {
		return errno
	}
	x.state.edit(o.serial).link.attached = false
	x.state.unseat(o)
	return abi.OK
}

// linkFDByID is LINK_GET_FD_BY_ID.
func (x *run) linkFDByID() (int32, abi.Errno) {
	if !x.state.config.SysAdmin {
		return 0, abi.EPERM
	}
	o := x.state.byID(x.u32(abi.IDStart), ofLinks)
	if x.u32(abi.IDStart) == 0 || o == nil {
		return 0, abi.ENOENT
	}
	return x.newFD(o.serial, access{read: true})
}

// linkInfo is OBJ_GET_INFO_BY_FD of a link (bpf_link_get_info_by_fd). The cgroup has the number 1 here.
func (x *run) linkInfo(o *object) abi.Errno {
	size, addr := x.u32(abi.InfoLen), x.u64(abi.InfoPtr)
	if size > abi.MaxAttrSize {
		return abi.E2BIG
	}
	if size > abi.LinkInfoSize {
		if errno := x.tailZero(addr+abi.LinkInfoSize, size-abi.LinkInfoSize); errno != abi.OK {
			return errno
		}
	}
	size = min(size, abi.LinkInfoSize)
	given, ok := x.user.read(addr, int(size))
	if !ok {
		return abi.EFAULT
	}
	var info [abi.LinkInfoSize]byte
	copy(info[:], given)
	cgroup := uint32(0)
	if o.link.attached {
		cgroup = 1
	}
	l, prog := o.link, x.state.object(o.link.prog)
	for at, v := range map[int]uint32{
		abi.LinkInfoType: uint32(abi.LinkCgroup), abi.LinkInfoID: x.learnID(o, addr+abi.LinkInfoID, int(size)-abi.LinkInfoID),
		abi.LinkInfoProgID: x.learnID(prog, addr+abi.LinkInfoProgID, int(size)-abi.LinkInfoProgID),
		abi.LinkInfoKind:   cgroup, abi.LinkInfoKind + 4: 0, abi.LinkInfoKind + 8: uint32(l.at),
	} {
		binary.LittleEndian.PutUint32(info[at:], v)
	}
	if !x.user.write(addr, info[:size]) || !x.user.put(x.call.Attr+abi.InfoLen, size) {
		return abi.EFAULT
	}
	return abi.OK
}

// bindMap is PROG_BIND_MAP: a program holds one more map.
func (x *run) bindMap() abi.Errno {
	if x.u32(8) != 0 {
		return abi.EINVAL
	}
	serial, errno := x.program(int32(x.u32(0)))
	if errno != abi.OK {
		return errno
	}
	o, _, errno := x.open(4)
	if errno != abi.OK || slices.Contains(x.state.object(serial).prog.held, o.serial) {
		return errno
	}
	holder := x.state.edit(serial)
	p := *holder.prog
	p.held = append(slices.Clone(p.held), o.serial)
	holder.prog = &p
	return abi.OK
}

// points are the places at the cgroup, by attach type.
type points map[abi.AttachType]point

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
func (s *State) point(at abi.AttachType) point {
	if p, ok := s.points[at]; ok {
		return p
	}
	return point{revision: 1}
}

// changePoint changes what is attached in a place. Only for a state that nobody else has yet.
func (s *State) changePoint(at abi.AttachType, change func(p *point)) {
	p := s.point(at)
	p.seats = slices.Clone(p.seats)
	change(&p)
	if s.points = maps.Clone(s.points); s.points == nil {
		s.points = points{}
	}
	s.points[at] = p
}

// leave takes a seat away; with the last the place forgets how programs were attached.
func (p *point) leave(i int) {
	p.seats = slices.Delete(p.seats, i, i+1)
	p.revision++
	if len(p.seats) == 0 {
		p.flags = 0
	}
}

// unseat takes a link from the cgroup. Only for a state that nobody else has yet.
func (s *State) unseat(o *object) {
	at := slices.IndexFunc(s.point(o.link.at).seats, func(t seat) bool { return t.link == o.serial })
	if at >= 0 {
		s.changePoint(o.link.at, func(p *point) { p.leave(at) })
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
