package model

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// linkEvent is bpf_perf_link_attach: a link is all that holds the program at its event, and holds the event.
func (x *run) linkEvent(serial int) (int32, abi.Errno) {
	if x.u32(abi.LinkCreateFlags) != 0 {
		return 0, abi.EINVAL
	}
	event, errno := x.perfEvent(int32(x.u32(abi.LinkCreateTarget)))
	if errno != abi.OK {
		return 0, errno
	}
	if errno := x.putAtEvent(event, serial); errno != abi.OK {
		return 0, errno
	}
	o := &object{link: link{is: true, prog: serial, attached: true, event: event, cookie: x.u64(abi.LinkPerfCookie)}}
	o.link.at = abi.AttachPerfEvent
	x.state.add(o)
	return x.newFD(o.serial, access{read: true})
}

// leaveEvent takes the program from an event whose link is gone. Only for a state that nobody else has yet.
func (s *State) leaveEvent(serial int) {
	changed := *s.object(serial).event
	changed.prog = 0
	s.edit(serial).event = &changed
	s.attached = slices.DeleteFunc(slices.Clone(s.attached), func(other int) bool { return other == serial })
}

// Kinds of events in struct bpf_link_info (enum bpf_perf_event_type).
const (
	toldTracepoint = 5
	toldEvent      = 6
)

// fillEvent is bpf_perf_link_fill_link_info.
func (x *run) fillEvent(l link, info []byte) abi.Errno {
	const cookieAt = abi.LinkInfoPerf + 16
	e, le := x.state.object(l.event).event, binary.LittleEndian
	le.PutUint64(info[cookieAt:], l.cookie)
	if e.kind == abi.PerfTracepoint {
		le.PutUint32(info[abi.LinkInfoKind:], toldTracepoint)
		return x.fillName(info[abi.LinkInfoPerf:], tracepoints[e.config])
	}
	le.PutUint32(info[abi.LinkInfoKind:], toldEvent)
	le.PutUint64(info[abi.LinkInfoPerf:], e.config)
	le.PutUint32(info[abi.LinkInfoPerf+8:], uint32(e.driver()))
	return abi.OK
}

// driver is the type of the event's driver: the two clocks have drivers of their own (measured on 6.18).
func (e *event) driver() abi.PerfType {
	if e.kind == abi.PerfSoftware && e.config <= abi.PerfTaskClock {
		return abi.PerfTypeMax + abi.PerfType(e.config)
	}
	return e.kind
}

// describeEventLink is bpf_perf_link_show_fdinfo.
func (s *State) describeEventLink(o *object) []infoLine {
	p, e := s.object(o.link.prog), s.object(o.link.event).event
	lines := []infoLine{
		{name: "link_type", value: "perf"}, {name: "link_id", object: o}, {name: "prog_tag", value: fmt.Sprintf("%x", p.prog.tag())},
		{name: "prog_id", object: p},
	}
	kind := "tracepoint"
	if e.kind == abi.PerfTracepoint {
		lines = append(lines, infoLine{name: "tp_name", value: tracepoints[e.config]})
	} else {
		kind = "event"
		lines = append(lines, numberLine("type", uint64(e.driver())), numberLine("config", e.config))
	}
	return append(lines, infoLine{name: "event_type", value: kind}, numberLine("cookie", o.link.cookie))
}
