package bpfsys

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// tracingPlace is a link at a function of the kernel or of a program (bpf_tracing_prog_attach in kernel/bpf/syscall.c).
type tracingPlace struct {
	target target
	cookie uint64
	of     *Program // that the function belongs to, with a reference, nil for the kernel's
}

// linkTracing is LINK_CREATE of a program for a function.
func linkTracing(l *linking) (attachment, abi.Errno) {
	if l.prog.kind != abi.ProgExt && l.At != l.prog.attach {
		return nil, abi.EINVAL
	}
	return l.tracing(l.Target, l.attr.u32(abi.LinkTargetBTFID), l.attr.u64(abi.LinkTracingCookie))
}

// tracing finds the function: the one that the program was loaded for or, of EXT, another one with the same types.
func (l *linking) tracing(fd int32, typeID uint32, cookie uint64) (attachment, abi.Errno) {
	p := l.prog
	switch {
	case !p.traces(), (fd != 0) != (typeID != 0), fd != 0 && p.kind != abi.ProgExt:
		return nil, abi.EINVAL
	}
	place := &tracingPlace{target: p.aim(), cookie: cookie}
	if fd != 0 {
		of, errno := l.program(fd)
		if errno != abi.OK {
			return nil, errno
		}
		place.of, place.target = of, target{object: of.id, typeID: typeID}
		return place, abi.OK
	}
	if place.of = p.target; place.of != nil {
		place.of.Hold()
	}
	return place, abi.OK
}

// traces tells whether a program was loaded for a function.
func (p *Program) traces() bool {
	switch p.kind {
	case abi.ProgTracing:
		return p.attach == abi.AttachTraceFEntry || p.attach == abi.AttachTraceFExit || p.attach == abi.AttachModifyReturn
	case abi.ProgExt:
		return p.attach == 0
	}
	return p.attach == abi.AttachLSMMac
}

func (p *tracingPlace) release() {
	if p.of != nil {
		p.of.Release()
	}
}

func (p *tracingPlace) point(l *Link) Point {
	return Point{At: l.at, Object: p.target.object, Type: p.target.typeID, Name: p.target.name}
}

// mostTracing is BPF_MAX_TRAMP_LINKS.
const mostTracing = 38

// attach follows __bpf_trampoline_link_prog: a program is attached to a function once, and a function has one replacement.
func (p *tracingPlace) attach(h *hooks, l *Link) abi.Errno {
	k := h.make(p.point(l))
	switch {
	case k.has(l.prog), l.prog.kind == abi.ProgExt && len(k.seats) > 0:
		return abi.EBUSY
	case len(k.seats) >= mostTracing:
		return abi.E2BIG
	}
	k.add(&seat{link: l})
	return abi.OK
}

func (p *tracingPlace) detach(h *hooks, l *Link) { h.remove(p.point(l), l) }

func (p *tracingPlace) info(i *linkInfo, l *Link, _ bool) abi.Errno {
	i.put32(abi.LinkInfoKind, uint32(l.at))
	i.put32(abi.LinkInfoKind+4, p.target.object)
	i.put32(abi.LinkInfoKind+8, p.target.typeID)
	i.put64(abi.LinkInfoKind+16, p.cookie)
	return abi.OK
}

func (p *tracingPlace) fdinfo(b *strings.Builder, l *Link, _ bool) {
	fmt.Fprintf(b, "attach_type:\t%d\ntarget_obj_id:\t%d\ntarget_btf_id:\t%d\ncookie:\t%d\n", l.at, p.target.object,
		p.target.typeID, p.cookie)
}
