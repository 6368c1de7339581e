package model

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// link is what an object has that is a link: a program that is attached for as long as somebody has the link.
type link struct {
	is bool
	site
	prog     int // serial
	attached bool
	// tracepoint is where the link is instead, if that has a name.
	tracepoint tracepointLink
	over       int // serial of the map that an iterator goes over, 0 for none
	event      int // serial of the perf event that it is at, 0 for none
	cookie     uint64
}

// linkEnd is where the attr of LINK_CREATE ends.
const linkEnd = abi.LinkCreateEnd

// createLink is LINK_CREATE.
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
	case !p.fitsAt(at):
		return 0, abi.EINVAL
	case p.kind == abi.ProgTracing:
		return x.linkIter(serial)
	case at == abi.AttachPerfEvent:
		return x.linkEvent(serial)
	}
	where, errno := x.linkSite(at, flags)
	if errno != abi.OK {
		return 0, errno
	}
	o := &object{link: link{is: true, site: where, prog: serial, attached: true}}
	x.state.add(o)
	if errno := x.attachLink(o, flags); errno != abi.OK {
		x.state.release()
		return 0, errno
	}
	fd, errno := x.newFD(o.serial, access{read: true})
	x.state.release() // what it took the place of
	return fd, errno
}

// linkSite is where a link is to be attached.
func (x *run) linkSite(at abi.AttachType, flags uint32) (site, abi.Errno) {
	switch {
	case netTypeAt(at) != abi.ProgUnspec:
		return x.netSite(at, flags)
	case flags&^linkFlags != 0:
		return site{}, abi.EINVAL
	case !x.isCgroup(abi.LinkCreateTarget):
		return site{}, abi.EBADF
	}
	return site{at: at}, abi.OK
}

func (x *run) attachLink(o *object, flags uint32) abi.Errno {
	j := joining{flags: flags, relative: x.u32(abi.LinkRelative), revision: x.u64(abi.LinkExpectedRevision)}
	if !o.link.isCgroup() {
		return x.attachNetLink(o, j)
	}
	j.flags |= allowMulti
	return x.attach(o.link.at, seat{link: o.serial}, j)
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
	if o.link.at == abi.AttachNetfilter {
		return abi.EOPNOTSUPP
	}
	gone := !o.link.attached
	switch {
	case o.link.tracepoint.name != "", o.link.event != 0:
		return abi.EINVAL
	case gone && !o.link.inNetNS():
		return abi.ENOLINK
	case old != o.link.prog:
		return abi.EPERM
	}
	if errno := x.mayFollow(o, to); errno != abi.OK {
		return errno
	}
	switch {
	case gone:
		return abi.ENOLINK
	case to == old && !o.link.isCgroup(): // nothing changes
		return abi.OK
	}
	x.state.edit(o.serial).link.prog = to
	if o.link.iterates() {
		x.state.release()
		return abi.OK
	}
	x.state.changePoint(o.link.site, func(p *point) { p.revision++ })
	x.state.release()
	return abi.OK
}

// mayFollow is whether a program may take the place of a link's.
func (x *run) mayFollow(o *object, to int) abi.Errno {
	p, old := x.state.object(to).prog, x.state.object(o.link.prog).prog
	switch {
	case o.link.isTCX() && to == o.link.prog:
		return abi.OK
	case o.link.isTCX() && x.state.point(o.link.site).runs(x.state, to):
		return abi.EEXIST
	case p.kind != old.kind, p.target != old.target, o.link.at == abi.AttachXDP && p.attach != old.attach:
		return abi.EINVAL
	}
	return abi.OK
}

// detachLink is LINK_DETACH; a second time there is nothing to do.
func (x *run) detachLink() abi.Errno {
	o, errno := x.linkOf(0)
	switch {
	case errno != abi.OK || !o.link.attached:
		return errno
	case o.link.tracepoint.name != "", o.link.iterates(), o.link.event != 0:
		return abi.EOPNOTSUPP
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

// linkInfo is OBJ_GET_INFO_BY_FD of a link (bpf_link_get_info_by_fd).
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
	l, prog := o.link, x.state.object(o.link.prog)
	kind, words := l.told()
	for at, v := range map[int]uint32{
		abi.LinkInfoType: uint32(kind), abi.LinkInfoID: x.learnID(o, addr+abi.LinkInfoID, int(size)-abi.LinkInfoID),
		abi.LinkInfoProgID: x.learnID(prog, addr+abi.LinkInfoProgID, int(size)-abi.LinkInfoProgID),
	} {
		binary.LittleEndian.PutUint32(info[at:], v)
	}
	if l.tracepoint.name != "" {
		if errno := l.tracepoint.fill(x, info[:]); errno != abi.OK {
			return errno
		}
	}
	if l.iterates() {
		if errno := x.fillIter(l, info[:], addr, int(size)); errno != abi.OK {
			return errno
		}
	}
	if l.event != 0 {
		if errno := x.fillEvent(l, info[:]); errno != abi.OK {
			return errno
		}
	}
	for i, v := range words {
		binary.LittleEndian.PutUint32(info[abi.LinkInfoKind+4*i:], v)
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
