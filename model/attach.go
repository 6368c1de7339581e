package model

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Bits of attach_flags.
const (
	allowOverride = 1 << 0
	allowMulti    = 1 << 1
	replaceProg   = 1 << 2
	beforeProg    = 1 << 3
	afterProg     = 1 << 4
	byID          = 1 << 5
	preorder      = 1 << 6
	byLink        = 1 << 13

	linkFlags   = beforeProg | afterProg | byID | byLink | preorder
	attachFlags = linkFlags | allowOverride | allowMulti | replaceProg
)

// mostSeats is how many programs a place at a cgroup has.
const mostSeats = 64

// cgroupPlaces are the attach types at cgroups, by the type of the programs.
var cgroupPlaces = map[abi.ProgType][]abi.AttachType{
	abi.ProgCgroupSKB:      placesOf[abi.ProgCgroupSKB],
	abi.ProgCgroupSock:     placesOf[abi.ProgCgroupSock],
	abi.ProgCgroupSockAddr: placesOf[abi.ProgCgroupSockAddr],
	abi.ProgCgroupSockopt:  placesOf[abi.ProgCgroupSockopt],
	abi.ProgSockOps:        {abi.AttachCgroupSockOps},
	abi.ProgCgroupDevice:   {abi.AttachCgroupDevice},
	abi.ProgCgroupSysctl:   {abi.AttachCgroupSysctl},
}

// fitsAt reports whether a program can be attached there (bpf_prog_attach_check_attach_type).
func (p *prog) fitsAt(at abi.AttachType) bool {
	switch p.kind {
	case abi.ProgCgroupSock, abi.ProgCgroupSockAddr, abi.ProgCgroupSockopt:
		return at == p.attach
	case abi.ProgTracing:
		return at == abi.AttachTraceIter
	case abi.ProgPerfEvent, abi.ProgTracepoint, abi.ProgKprobe:
		return at == abi.AttachPerfEvent
	}
	return slices.Contains(cgroupPlaces[p.kind], at) || slices.Contains(netPlaces[p.kind], at)
}

// typeAt is the type of programs at an attach type, UNSPEC for none.
func typeAt(at abi.AttachType) abi.ProgType {
	for kind, places := range cgroupPlaces {
		if slices.Contains(places, at) {
			return kind
		}
	}
	return abi.ProgUnspec
}

// isCgroup reports whether the fd at an offset of attr is the cgroup's.
func (x *run) isCgroup(offset int) bool {
	f, _ := x.state.files.get(int32(x.u32(offset)))
	return f.thing != nil && f.thing.what == "cgroup"
}

// joining is how a program comes to a cgroup.
type joining struct {
	flags    uint32
	replaced int // serial of the program whose place it takes, 0 for none
	relative uint32
	revision uint64
}

// attach is __cgroup_bpf_attach in kernel/bpf/cgroup.c. No cgroup above has programs.
func (x *run) attach(at abi.AttachType, s seat, j joining) abi.Errno {
	p, how := x.state.point(site{at: at}), j.flags&(allowOverride|allowMulti)
	replaces := j.flags&replaceProg != 0
	switch {
	case how == allowOverride|allowMulti, replaces && (how != allowMulti || j.flags&(beforeProg|afterProg) != 0 || j.replaced == 0):
		return abi.EINVAL
	case j.revision != 0 && j.revision != p.revision:
		return abi.ESTALE
	case len(p.seats) > 0 && p.flags != how:
		return abi.EPERM
	case len(p.seats) >= mostSeats:
		return abi.E2BIG
	}
	s.flags = j.flags
	place, errno := p.taken(s, j)
	if errno == abi.OK && place < 0 {
		place, errno = x.place(&p, s, j)
		p.seats = append(slices.Clone(p.seats), seat{})
		if errno == abi.OK {
			copy(p.seats[place+1:], p.seats[place:])
		}
	}
	if errno != abi.OK {
		return errno
	}
	x.forget(s)
	x.state.changePoint(site{at: at}, func(now *point) {
		now.seats, now.flags = slices.Clone(p.seats), how
		now.seats[place] = s
		now.revision++
	})
	return abi.OK
}

// forget gives up on the storage of cgroups that a program has: elements come with it.
func (x *run) forget(s seat) {
	serial := s.prog
	if s.link != 0 {
		serial = x.state.object(s.link).link.prog
	}
	for _, stored := range x.state.object(serial).prog.stores {
		if stored != 0 {
			x.state.edit(stored).lost = true
		}
	}
}

// taken is the place of the program that a new one takes the place of, -1 where it takes none's (find_attach_entry).
func (p *point) taken(s seat, j joining) (int, abi.Errno) {
	if j.flags&allowMulti == 0 {
		return len(p.seats) - 1, abi.OK
	}
	has := func(serial int) int {
		return slices.IndexFunc(p.seats, func(t seat) bool { return t.prog == serial })
	}
	switch {
	case s.prog != 0 && s.prog != j.replaced && has(s.prog) >= 0:
		return 0, abi.EINVAL
	case j.replaced == 0:
		return -1, abi.OK
	case has(j.replaced) < 0:
		return 0, abi.ENOENT
	}
	return has(j.replaced), abi.OK
}

// place is where a new seat comes: at an end, or next to what it names (get_prog_list).
func (x *run) place(p *point, s seat, j joining) (int, abi.Errno) {
	before, after, linked := j.flags&beforeProg != 0, j.flags&afterProg != 0, j.flags&byLink != 0
	named := j.flags&(byID|byLink) != 0 || j.relative != 0
	switch {
	case named && (before == after || linked != (s.link != 0)), !named && before && after && len(p.seats) > 0:
		return 0, abi.EINVAL
	case !named && before:
		return 0, abi.OK
	case !named:
		return len(p.seats), abi.OK
	}
	next, errno := x.relative(j)
	if errno != abi.OK {
		return 0, errno
	}
	at := slices.IndexFunc(p.seats, func(t seat) bool { return linked && t.link == next || !linked && t.prog == next })
	switch {
	case at < 0:
		return 0, abi.ENOENT
	case (p.seats[at].flags^j.flags)&preorder != 0:
		return 0, abi.EINVAL
	case after:
		at++
	}
	return at, abi.OK
}

// relative is the program or link that relative_fd names.
func (x *run) relative(j joining) (serial int, errno abi.Errno) {
	linked := j.flags&byLink != 0
	if j.flags&byID != 0 {
		in := ofProgs
		if linked {
			in = ofLinks
		}
		o := x.state.byID(j.relative, in)
		if j.relative == 0 || o == nil {
			return 0, abi.ENOENT
		}
		return o.serial, abi.OK
	}
	if !linked {
		return x.program(int32(j.relative))
	}
	f, open := x.state.files.get(int32(j.relative))
	switch {
	case j.relative == 0:
		return 0, abi.EINVAL
	case !open:
		return 0, abi.EBADF
	case f.serial == 0 || !x.state.object(f.serial).link.is:
		return 0, abi.EINVAL
	}
	return f.serial, abi.OK
}

// Offsets in the attr of PROG_ATTACH and PROG_DETACH.
const (
	attachTarget   = 0
	attachProg     = 4
	attachType     = 8
	attachFlagsAt  = 12
	attachReplace  = 16
	attachRelative = 20
	attachRevision = 24
)

// attachProgram is PROG_ATTACH.
func (x *run) attachProgram() abi.Errno {
	at, flags := abi.AttachType(x.u32(attachType)), x.u32(attachFlagsAt)
	if netTypeAt(at) != abi.ProgUnspec {
		return x.attachToNet(at, flags)
	}
	kind := typeAt(at)
	if kind == abi.ProgUnspec || flags&^attachFlags != 0 {
		return abi.EINVAL
	}
	serial, errno := x.program(int32(x.u32(attachProg)))
	if errno != abi.OK {
		return errno
	}
	p := x.state.object(serial).prog
	if p.kind != kind || !p.fitsAt(at) || kind == abi.ProgCgroupSKB && !x.state.config.SysAdmin {
		return abi.EINVAL
	}
	if !x.isCgroup(attachTarget) {
		return abi.EBADF
	}
	j := joining{flags: flags, relative: x.u32(attachRelative), revision: x.u64(attachRevision)}
	if flags&(allowMulti|replaceProg) == allowMulti|replaceProg {
		if j.replaced, errno = x.program(int32(x.u32(attachReplace))); errno != abi.OK {
			return errno
		}
		if x.state.object(j.replaced).prog.kind != kind {
			return abi.EINVAL
		}
	}
	defer x.state.release()
	return x.attach(at, seat{prog: serial}, j)
}

// detachProgram is PROG_DETACH; from the cgroup only where there may be many programs one has to be named.
func (x *run) detachProgram() abi.Errno {
	at := abi.AttachType(x.u32(attachType))
	if netTypeAt(at) != abi.ProgUnspec {
		return x.detachFromNet(at)
	}
	kind, revision := typeAt(at), x.u64(attachRevision)
	switch {
	case kind == abi.ProgUnspec, x.u32(attachFlagsAt) != 0, x.u32(attachRelative) != 0:
		return abi.EINVAL
	case !x.isCgroup(attachTarget):
		return abi.EBADF
	}
	serial, errno := x.program(int32(x.u32(attachProg)))
	if errno != abi.OK || x.state.object(serial).prog.kind != kind {
		serial = 0
	}
	p := x.state.point(site{at: at})
	multi := p.flags&allowMulti != 0
	switch {
	case revision != 0 && revision != p.revision:
		return abi.ESTALE
	case !multi && len(p.seats) == 0:
		return abi.ENOENT
	case multi && serial == 0:
		return abi.EINVAL
	}
	i := 0
	if multi {
		if i = slices.IndexFunc(p.seats, func(t seat) bool { return t.prog == serial }); i < 0 {
			return abi.ENOENT
		}
	}
	x.state.changePoint(site{at: at}, func(now *point) { now.leave(i) })
	x.state.release()
	return abi.OK
}

// Offsets in the attr of PROG_QUERY.
const (
	queryTarget      = 0
	queryType        = 4
	queryFlags       = 8
	queryAttachFlags = 12
	queryProgIDs     = 16
	queryCount       = 24
	queryProgFlags   = 32
	queryRevision    = 56
	queryEnd         = 64
)

// query is PROG_QUERY, and what it says of the cgroup, where nothing else than its own programs are.
func (x *run) query() abi.Errno {
	if !x.state.config.SysAdmin {
		return abi.EPERM
	}
	at, flags := abi.AttachType(x.u32(queryType)), x.u32(queryFlags)
	all := flags == 1
	switch {
	case !zero(x.attr[queryEnd:]), flags > 1:
		return abi.EINVAL
	case netTypeAt(at) != abi.ProgUnspec:
		return x.queryNet(at)
	case typeAt(at) == abi.ProgUnspec:
		return abi.EINVAL
	case !x.isCgroup(queryTarget):
		return abi.EBADF
	case all && x.u64(queryProgFlags) != 0:
		return abi.EINVAL
	}
	p := x.state.point(site{at: at})
	shown := p
	if all {
		shown = point{seats: p.running()}
	}
	var revision [8]byte
	binary.LittleEndian.PutUint64(revision[:], shown.revision)
	if !x.user.put(x.call.Attr+queryAttachFlags, shown.flags) || !x.user.put(x.call.Attr+queryCount, uint32(len(p.seats))) ||
		x.call.Size >= queryEnd && !x.user.write(x.call.Attr+queryRevision, revision[:]) {
		return abi.EFAULT
	}
	return x.listSeats(shown)
}

// running are the seats in the order in which programs run: those with BPF_F_PREORDER first.
func (p point) running() (seats []seat) {
	for _, first := range []bool{true, false} {
		for _, t := range p.seats {
			if (t.flags&preorder != 0) == first {
				seats = append(seats, t)
			}
		}
	}
	return seats
}

// listSeats copies the ids of programs, and flags, as far as there is room.
func (x *run) listSeats(p point) abi.Errno {
	ids, flags := x.u64(queryProgIDs), x.u64(queryProgFlags)
	n, errno := len(p.seats), abi.OK
	switch room := x.u32(queryCount); {
	case room == 0, ids == 0:
		return abi.OK
	case int(min(room, mostSeats+1)) < n:
		n, errno = int(room), abi.ENOSPC
	}
	for i, t := range p.seats[:n] {
		serial := t.prog
		if t.link != 0 {
			serial = x.state.object(t.link).link.prog
		}
		if !x.user.write(ids+uint64(4*i), le32(x.learnListed(x.state.object(serial), ids+uint64(4*i)))) {
			return abi.EFAULT
		}
	}
	for i := range n {
		if flags != 0 && !x.user.write(flags+uint64(4*i), le32(p.flags)) {
			return abi.EFAULT
		}
	}
	return errno
}

// learnListed is an id in a list, which is learned where it is not known.
func (x *run) learnListed(o *object, addr uint64) uint32 {
	if o.id != 0 {
		return o.id
	}
	id := u32(x.after(addr, 4))
	if x.seen.Errno != abi.OK && x.seen.Errno != abi.ENOSPC {
		return id
	}
	if !x.state.possibleID(o, id) {
		return ^id
	}
	x.state.edit(o.serial).id = id
	return id
}
