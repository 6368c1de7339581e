package bpfsys

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// perfPlace is a link at a perf event, to which it has a reference.
type perfPlace struct {
	event  *PerfEvent
	cookie uint64
}

// linkPerfEvent follows bpf_perf_link_attach.
func linkPerfEvent(l *linking) (attachment, abi.Errno) {
	if l.Flags != 0 {
		return nil, abi.EINVAL
	}
	event, errno := l.perfEvent(l.Target)
	if errno != abi.OK {
		return nil, errno
	}
	return &perfPlace{event, l.attr.u64(abi.LinkPerfCookie)}, abi.OK
}

// PerfEvent is the event that the link is attached to, nil where it is attached to something else.
func (l *Link) PerfEvent() *PerfEvent {
	if place, ok := l.place.(*perfPlace); ok {
		return place.event
	}
	return nil
}

func (p *perfPlace) point() Point { return Point{At: abi.AttachPerfEvent, Event: p.event.id} }

// attach: an event has one program, from a link or from PERF_EVENT_IOC_SET_BPF.
func (p *perfPlace) attach(h *hooks, l *Link) abi.Errno {
	if errno := p.event.attach(l.prog, p.cookie); errno != abi.OK {
		return errno
	}
	h.make(p.point()).add(&seat{link: l})
	return abi.OK
}

func (p *perfPlace) detach(h *hooks, l *Link) {
	h.remove(p.point(), l)
	p.event.detach()
}

func (p *perfPlace) release() { p.event.Release() }

// What the union of struct bpf_link_info for perf events begins with, in bytes: the kind of event, and what is the kind's.
const (
	perfInfoKind = abi.LinkInfoKind
	perfInfoOf   = abi.LinkInfoKind + 8
)

// The kinds of events in it (enum bpf_perf_event_type).
const (
	perfInfoUprobe = 1 + iota
	perfInfoUretprobe
	perfInfoKprobe
	perfInfoKretprobe
	perfInfoTracepoint
	perfInfoEvent
)

// info is bpf_perf_link_fill_link_info in kernel/bpf/syscall.c.
func (p *perfPlace) info(i *linkInfo, _ *Link, _ bool) abi.Errno {
	kind, _ := p.event.infoKind()
	i.put32(perfInfoKind, kind)
	switch kind {
	case perfInfoEvent:
		i.put64(perfInfoOf, p.event.attr.config)
		i.put32(perfInfoOf+8, uint32(p.event.driver()))
		i.put64(perfInfoOf+16, p.cookie)
		return abi.OK
	case perfInfoTracepoint:
		i.put64(perfInfoOf+16, p.cookie)
	case perfInfoUprobe, perfInfoUretprobe:
		i.put32(perfInfoOf+12, uint32(p.event.attr.config2))
		i.put64(perfInfoOf+16, p.cookie)
		i.put64(perfInfoOf+24, p.event.RefCtrOffset())
	default:
		i.put32(perfInfoOf+12, uint32(p.event.attr.config2))
		i.put64(perfInfoOf+32, p.cookie)
	}
	return i.name(perfInfoOf, perfInfoOf+8, p.event.source())
}

// fdinfo is bpf_perf_link_show_fdinfo.
func (p *perfPlace) fdinfo(b *strings.Builder, _ *Link, _ bool) {
	kind, text := p.event.infoKind()
	switch e := p.event; kind {
	case perfInfoEvent:
		fmt.Fprintf(b, "type:\t%d\nconfig:\t%d\n", e.driver(), e.attr.config)
	case perfInfoTracepoint:
		fmt.Fprintf(b, "tp_name:\t%s\n", e.source())
	case perfInfoUprobe, perfInfoUretprobe:
		fmt.Fprintf(b, "name:\t%s\noffset:\t%#x\nref_ctr_offset:\t%#x\n", e.target, e.attr.config2, e.RefCtrOffset())
	default:
		fmt.Fprintf(b, "name:\t%s\noffset:\t%#x\nmissed:\t0\naddr:\t0x0\n", e.target, e.attr.config2)
	}
	fmt.Fprintf(b, "event_type:\t%s\ncookie:\t%d\n", text, p.cookie)
}

// infoKind is the kind of the event, as a number and in words.
func (e *PerfEvent) infoKind() (kind uint32, text string) {
	switch {
	case e.attr.kind == abi.PerfTracepoint:
		return perfInfoTracepoint, "tracepoint"
	case e.IsUprobe() && e.IsReturn():
		return perfInfoUretprobe, "uretprobe"
	case e.IsUprobe():
		return perfInfoUprobe, "uprobe"
	case e.IsKprobe() && e.IsReturn():
		return perfInfoKretprobe, "kretprobe"
	case e.IsKprobe():
		return perfInfoKprobe, "kprobe"
	}
	return perfInfoEvent, "event"
}

// source is the name of the tracepoint, the function or the file.
func (e *PerfEvent) source() string {
	if tp, ok := e.Tracepoint(); ok {
		return tp.Name
	}
	return e.target
}

// driver is the type of the event's driver: the two clocks have drivers of their own, which come first.
func (e *PerfEvent) driver() abi.PerfType {
	if e.attr.kind == abi.PerfSoftware && e.attr.config < 2 {
		return abi.PerfTypeMax + abi.PerfType(e.attr.config)
	}
	return e.attr.kind
}

// taskFD is what TASK_FD_QUERY says of an event (bpf_get_perf_event_info in kernel/trace/bpf_trace.c).
func (e *PerfEvent) taskFD() (taskFD, abi.Errno) {
	p, _ := e.Program()
	switch {
	case p == nil:
		return taskFD{}, abi.ENOENT
	case p.Type() == abi.ProgPerfEvent:
		return taskFD{}, abi.EOPNOTSUPP
	}
	q := taskFD{prog: p.id, name: e.source()}
	kind, _ := e.infoKind()
	q.kind = taskFDKinds[kind]
	if kind != perfInfoTracepoint {
		q.offset = e.attr.config2
	}
	if e.IsUprobe() {
		q.addr = e.RefCtrOffset()
	}
	return q, abi.OK
}

// taskFDKinds are the numbers of enum bpf_task_fd_type.
var taskFDKinds = map[uint32]uint32{
	perfInfoTracepoint: 1, perfInfoKprobe: 2, perfInfoKretprobe: 3, perfInfoUprobe: 4, perfInfoUretprobe: 5,
}
