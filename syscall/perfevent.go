package bpfsys

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// PerfEvent is what perf_event_open(2) makes: a perf buffer, or what a program is attached to. It counts nothing.
type PerfEvent struct {
	kernel   *Kernel
	id       uint64
	refs     atomic.Int32
	attr     perfAttr
	pid, cpu int32       // -1 for all
	target   string      // of a probe: the function or the file
	defined  *traceProbe // nil where tracefs has no id for the probe
	backing  Backing
	account  *maps.Account
	waiters  waiters

	mu       sync.Mutex
	enabled  bool
	ring     *perfRing  // nil until it is mapped
	redirect *PerfEvent // has the buffer that is written to instead, with a reference
	pending  bool       // those who wait were woken up
	program  *Program   // attached, with a reference; nil when there is none
	cookie   uint64
	leader   *PerfEvent // of its group, without a reference; nil for itself
}

// perfEvents are a kernel's.
type perfEvents struct {
	mu       sync.Mutex
	last     uint64 // the id given out last
	open     map[uint64]*PerfEvent
	attached []*PerfEvent // those with a program, in the order in which they got it
}

func (all *perfEvents) add(e *PerfEvent) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.last++
	e.id = all.last
	if all.open == nil {
		all.open = map[uint64]*PerfEvent{}
	}
	all.open[e.id] = e
}

func (all *perfEvents) remove(e *PerfEvent) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.open, e.id)
}

// Hold takes another reference.
func (e *PerfEvent) Hold() { e.refs.Add(1) }

// tryHold takes a reference unless the last one is gone already.
func (e *PerfEvent) tryHold() bool { return holdLive(&e.refs) }

// Release drops a reference; the last one gives everything back.
func (e *PerfEvent) Release() {
	if e.refs.Add(-1) != 0 {
		return
	}
	e.kernel.perf.remove(e)
	e.detach()
	e.undefine()
	_ = e.setOutput(nil)
	if e.backing != nil {
		e.backing.Free()
	}
	e.account.Close()
}

// ID is what PERF_EVENT_IOC_ID says, unique in the kernel.
func (e *PerfEvent) ID() uint64 { return e.id }

// Kind is the link text of an fd.
func (e *PerfEvent) Kind() string { return "[perf_event]" }

// FDInfo is nothing.
func (e *PerfEvent) FDInfo() string { return "" }

// CPU is the CPU that the event is bound to, -1 for that of the process it follows.
func (e *PerfEvent) CPU() int { return int(e.cpu) }

// PID is the process that the event follows, -1 for all.
func (e *PerfEvent) PID() int { return int(e.pid) }

// Type is what kind of event it is.
func (e *PerfEvent) Type() abi.PerfType { return e.attr.kind }

// Config is which one of the kind: a tracepoint's id, a software event's number, a probe's flags.
func (e *PerfEvent) Config() uint64 { return e.attr.config }

// Enabled reports whether the event would fire.
func (e *PerfEvent) Enabled() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.enabled
}

// Program is the program that is attached, without a reference, and its cookie; nil when there is none.
func (e *PerfEvent) Program() (*Program, uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.program, e.cookie
}

// IsKprobe and IsUprobe tell probes, whether on entry or on return.
func (e *PerfEvent) IsKprobe() bool { return e.attr.kind == e.kernel.options.Probes.Kprobe }

// IsUprobe tells probes in programs.
func (e *PerfEvent) IsUprobe() bool { return e.attr.kind == e.kernel.options.Probes.Uprobe }

// IsReturn tells a probe on return from one on entry.
func (e *PerfEvent) IsReturn() bool { return e.attr.config&abi.PerfAttrProbeRetBit != 0 }

// Target is the function or the file of a probe, and the offset in it.
func (e *PerfEvent) Target() (name string, offset uint64) { return e.target, e.attr.config2 }

// RefCtrOffset is the place in the file of a uprobe's semaphore, 0 for none.
func (e *PerfEvent) RefCtrOffset() uint64 { return e.attr.config >> abi.PerfAttrRefCtrShift }

// Tracepoint is the event's tracepoint; ok is false when it has none.
func (e *PerfEvent) Tracepoint() (tp Tracepoint, ok bool) {
	if e.attr.kind != abi.PerfTracepoint {
		return tp, false
	}
	return e.kernel.tracepoint(e.attr.config)
}

// attach gives the event its program and takes a reference to it: what a link and PERF_EVENT_IOC_SET_BPF do
// (perf_event_set_bpf_prog in kernel/events/core.c, measured on 6.18).
func (e *PerfEvent) attach(p *Program, cookie uint64) abi.Errno {
	all := &e.kernel.perf
	all.mu.Lock()
	defer all.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	want := e.takes()
	switch {
	case want == abi.ProgUnspec:
		return abi.EINVAL
	case e.program != nil && (want == abi.ProgPerfEvent || p.Type() == want):
		return abi.EEXIST
	case p.Type() != want:
		return abi.EINVAL
	case slices.ContainsFunc(all.attached, func(other *PerfEvent) bool { return other.firesWith(e) && other.program == p }):
		return abi.EEXIST // a program runs once at a place (bpf_prog_array_copy)
	case !p.tryHold():
		return abi.EBADF
	}
	e.program, e.cookie = p, cookie
	all.attached = append(all.attached, e)
	return abi.OK
}

// firesWith reports whether two events are of the same tracepoint or probe, whose programs are in one list.
func (e *PerfEvent) firesWith(other *PerfEvent) bool {
	if e.defined != nil {
		return e.defined == other.defined
	}
	return e.attr.kind == abi.PerfTracepoint && other.attr.kind == e.attr.kind && e.attr.config == other.attr.config
}

// takes is the type of programs that can be attached, UNSPEC for none.
func (e *PerfEvent) takes() abi.ProgType {
	switch {
	case e.attr.kind == abi.PerfTracepoint:
		if tp, _ := e.Tracepoint(); tp.Group == "ftrace" { // what tracers write is no tracepoint
			return abi.ProgUnspec
		}
		return abi.ProgTracepoint
	case e.kernel.isProbe(e.attr.kind):
		return abi.ProgKprobe
	}
	return abi.ProgPerfEvent
}

// detach ends what attach began.
func (e *PerfEvent) detach() {
	all := &e.kernel.perf
	all.mu.Lock()
	all.attached = slices.DeleteFunc(all.attached, func(other *PerfEvent) bool { return other == e })
	all.mu.Unlock()
	e.mu.Lock()
	p := e.program
	e.program, e.cookie = nil, 0
	e.mu.Unlock()
	if p != nil {
		p.Release()
	}
}

// programsAt are the ids of the programs at a tracepoint, in the order in which they came.
func (all *perfEvents) programsAt(tracepoint uint64) []uint32 {
	all.mu.Lock()
	defer all.mu.Unlock()
	var ids []uint32
	for _, e := range all.attached {
		if e.attr.kind == abi.PerfTracepoint && e.attr.config == tracepoint {
			p, _ := e.Program()
			ids = append(ids, p.ID())
		}
	}
	return ids
}

// PerfEvents are the events that have a program, in the order in which they got it, for looking at them from outside. It
// takes no references.
func (k *Kernel) PerfEvents() []*PerfEvent {
	k.perf.mu.Lock()
	defer k.perf.mu.Unlock()
	return slices.Clone(k.perf.attached)
}

// OpenPerfEvents are all events that something refers to, ascending by id, for looking at them from outside. It takes no references.
func (k *Kernel) OpenPerfEvents() []*PerfEvent {
	k.perf.mu.Lock()
	defer k.perf.mu.Unlock()
	var events []*PerfEvent
	for _, e := range k.perf.open {
		events = append(events, e)
	}
	slices.SortFunc(events, func(a, b *PerfEvent) int { return cmp.Compare(a.id, b.id) })
	return events
}

// perfEvent finds the event behind fd and takes a reference for the caller (perf_event_get): EBADF for any other file.
func (c *call) perfEvent(fd int32) (*PerfEvent, abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil, abi.EBADF
	}
	defer c.leave(file)
	e, ok := file.object.(*PerfEvent)
	if !ok || !e.tryHold() {
		return nil, abi.EBADF
	}
	return e, abi.OK
}
