package bpfsys

import (
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// PerfEvent is a perf event as links know it: what the program is attached to. Whoever gives it out keeps it until Release.
type PerfEvent interface {
	// Event is an id that no other event of the machine has.
	Event() uint64
	// Takes is whether programs of a type can be attached (perf_event_set_bpf_prog in kernel/events/core.c).
	Takes(p *Program) abi.Errno
	// LinkInfo are the bytes behind the head of struct bpf_link_info; names are copied to where info says with copyName,
	// whose arguments are an address, the room there in bytes and the name.
	LinkInfo(info []byte, cookie uint64, copyName func(addr uint64, room uint32, name string) abi.Errno) abi.Errno
	// LinkFDInfo are the lines of fdinfo.
	LinkFDInfo(cookie uint64) string
	// TaskFDQuery is what TASK_FD_QUERY tells: the kind of the event (enum bpf_task_fd_type), a name, an offset and an address.
	TaskFDQuery() (kind uint32, name string, offset, addr uint64)
	// Release ends the use.
	Release()
}

// perfPlace is a link at a perf event.
type perfPlace struct {
	event  PerfEvent
	cookie uint64
}

// linkPerfEvent follows bpf_perf_link_attach.
func linkPerfEvent(l *linking) (attachment, abi.Errno) {
	if l.Flags != 0 {
		return nil, abi.EINVAL
	}
	event := l.proc.host().PerfEvent(l.Target)
	if event == nil {
		return nil, abi.EBADF
	}
	if errno := event.Takes(l.prog); errno != abi.OK {
		event.Release()
		return nil, errno
	}
	return &perfPlace{event, l.attr.u64(abi.LinkPerfCookie)}, abi.OK
}

func (p *perfPlace) point() Point { return Point{At: abi.AttachPerfEvent, Event: p.event.Event()} }

// attach: an event has one program.
func (p *perfPlace) attach(h *hooks, l *Link) abi.Errno {
	k := h.make(p.point())
	if len(k.seats) > 0 {
		return abi.EEXIST
	}
	k.add(&seat{link: l})
	return abi.OK
}

func (p *perfPlace) detach(h *hooks, l *Link) { h.remove(p.point(), l) }

func (p *perfPlace) release() { p.event.Release() }

func (p *perfPlace) info(i *linkInfo, _ *Link, _ bool) abi.Errno {
	return p.event.LinkInfo(i.raw[abi.LinkInfoKind:], p.cookie, i.copyName)
}

func (p *perfPlace) fdinfo(b *strings.Builder, _ *Link, _ bool) {
	b.WriteString(p.event.LinkFDInfo(p.cookie))
}
