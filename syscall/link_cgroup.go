package bpfsys

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// cgroupPlace is a link at a cgroup (kernel/bpf/cgroup.c).
type cgroupPlace struct {
	point Point
	cgroupSeat
	vanishing
}

const cgroupLinkFlags = beforeProg | afterProg | byID | byLink | preorder

func linkCgroup(l *linking) (attachment, abi.Errno) {
	if l.Flags&^cgroupLinkFlags != 0 {
		return nil, abi.EINVAL
	}
	id, errno := l.cgroup(l.Target)
	if errno != abi.OK {
		return nil, errno
	}
	anchor := l.anchor(l.Flags, l.attr.u32(abi.LinkRelative))
	return &cgroupPlace{
		Point{Cgroup: id, At: l.At, Type: l.prog.cgroupHook(l.At)},
		cgroupSeat{flags: allowMulti | l.Flags, anchor: anchor, revision: l.attr.u64(abi.LinkExpectedRevision)},
		vanishing{l.proc.host().CgroupGone(l.Target)},
	}, abi.OK
}

// cgroupHook tells the functions apart at which programs of one attach type are attached to a cgroup.
func (p *Program) cgroupHook(at abi.AttachType) uint32 {
	if at == abi.AttachLSMCgroup {
		return p.targetID
	}
	return 0
}

func (p *cgroupPlace) attach(h *hooks, l *Link) abi.Errno {
	defer h.drop(&p.anchor)
	return h.attachCgroup(p.point, &seat{link: l, flags: p.flags}, p.cgroupSeat)
}

func (p *cgroupPlace) detach(h *hooks, l *Link) { h.removeCgroup(p.point, l) }

// update counts the change. Only the program's type has to stay.
func (p *cgroupPlace) update(h *hooks, l *Link, to *Program) abi.Errno {
	if l.prog.kind != to.kind || p.point.Type != to.cgroupHook(l.at) {
		return abi.EINVAL
	}
	h.find(p.point).revision++
	return abi.OK
}

func (p *cgroupPlace) id(attached bool) uint64 {
	if !attached {
		return 0
	}
	return p.point.Cgroup
}

func (p *cgroupPlace) info(i *linkInfo, l *Link, attached bool) abi.Errno {
	i.put64(abi.LinkInfoKind, p.id(attached))
	i.put32(abi.LinkInfoKind+8, uint32(l.at))
	return abi.OK
}

func (p *cgroupPlace) fdinfo(b *strings.Builder, l *Link, attached bool) {
	fmt.Fprintf(b, "cgroup_id:\t%d\nattach_type:\t%d\n", p.id(attached), l.at)
}
