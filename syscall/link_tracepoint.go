package bpfsys

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// tracepointPlace is a link at a raw tracepoint (kernel/bpf/syscall.c).
type tracepointPlace struct {
	name   string
	cookie uint64
}

// rawTracepointOpen follows bpf_raw_tracepoint_open: a program that was loaded for a function or a tracepoint needs no name.
func (c *call) rawTracepointOpen() (int32, abi.Errno) {
	l := linking{call: c.escaping()}
	var args RawTracepointOpen
	args.Decode(c.attr)
	p, errno := c.program(args.ProgFD)
	if errno != abi.OK {
		return 0, errno
	}
	defer p.Release()
	l.prog, l.At = p, p.attach
	place, kind, errno := l.rawTracepoint(args)
	if errno != abi.OK {
		return 0, errno
	}
	return c.openLink(kind, p, l.At, place)
}

// rawTracepoint follows bpf_raw_tp_link_attach.
func (l *linking) rawTracepoint(args RawTracepointOpen) (attachment, *linkKind, abi.Errno) {
	switch l.prog.kind {
	case abi.ProgTracing, abi.ProgExt, abi.ProgLSM:
		if args.Name != 0 {
			return nil, nil, abi.EINVAL
		}
		if l.prog.kind == abi.ProgTracing && l.prog.attach == abi.AttachTraceRawTP {
			place, errno := l.tracepoint(l.prog.aim().name, args.Cookie)
			return place, rawTracepointKind, errno
		}
		place, errno := l.tracing(0, 0, 0)
		return place, tracingKind, errno
	case abi.ProgRawTracepoint, abi.ProgRawTracepointWritable:
		name, errno := l.tracepointName(args.Name)
		if errno != abi.OK {
			return nil, nil, errno
		}
		place, errno := l.tracepoint(name, args.Cookie)
		return place, rawTracepointKind, errno
	}
	return nil, nil, abi.EINVAL
}

// tracepointName reads a name of up to 127 bytes; what is longer is cut.
func (l *linking) tracepointName(addr uint64) (string, abi.Errno) {
	const longest = 127
	l.task.Step(maps.PointUser)
	name := l.kept().page[:longest]
	n := readString(l.proc.Mem, name, addr)
	end := bytes.IndexByte(name[:n], 0)
	switch {
	case end >= 0:
		return string(name[:end]), abi.OK
	case n < longest:
		return "", abi.EFAULT
	}
	return string(name), abi.OK
}

// linkTracepoint is LINK_CREATE of a program that was loaded for a tracepoint.
func linkTracepoint(l *linking) (attachment, abi.Errno) {
	if l.prog.attach != abi.AttachTraceRawTP {
		return nil, abi.EINVAL
	}
	return l.tracepoint(l.prog.aim().name, l.attr.u64(abi.LinkTracingCookie))
}

func (l *linking) tracepoint(name string, cookie uint64) (attachment, abi.Errno) {
	if !l.proc.host().Tracepoint(name) {
		return nil, abi.ENOENT
	}
	return &tracepointPlace{name, cookie}, abi.OK
}

func (p *tracepointPlace) point() Point { return Point{At: abi.AttachTraceRawTP, Name: p.name} }

func (p *tracepointPlace) attach(h *hooks, l *Link) abi.Errno {
	h.make(p.point()).add(&seat{link: l})
	return abi.OK
}

func (p *tracepointPlace) detach(h *hooks, l *Link) { h.remove(p.point(), l) }

func (p *tracepointPlace) info(i *linkInfo, _ *Link, _ bool) abi.Errno {
	i.put64(abi.LinkInfoKind+16, p.cookie)
	return i.name(abi.LinkInfoKind, abi.LinkInfoKind+8, p.name)
}

func (p *tracepointPlace) fdinfo(b *strings.Builder, _ *Link, _ bool) {
	fmt.Fprintf(b, "tp_name:\t%s\ncookie:\t%d\n", p.name, p.cookie)
}
