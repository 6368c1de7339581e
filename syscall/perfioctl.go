package bpfsys

import (
	"encoding/binary"
	"math"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// PerfEventIoctl is ioctl(2) on a perf event. ours is false when fd is none of this kernel's.
func (k *Kernel) PerfEventIoctl(t *maps.Task, p *Process, fd int32, request abi.PerfRequest, arg uint64) (errno abi.Errno, ours bool) {
	c := k.begin(t, p)
	defer c.end()
	e, errno := c.perfEvent(fd)
	if errno != abi.OK {
		return abi.OK, false
	}
	defer e.Release()
	return c.perfIoctl(e, request, arg), true
}

// perfIoctl is _perf_ioctl in kernel/events/core.c.
func (c *call) perfIoctl(e *PerfEvent, request abi.PerfRequest, arg uint64) abi.Errno {
	switch request {
	case abi.PerfEnable:
		return e.enable(true)
	case abi.PerfDisable:
		return e.enable(false)
	case abi.PerfReset:
		return abi.OK
	case abi.PerfRefresh:
		return e.refresh()
	case abi.PerfPeriod:
		return c.perfPeriod(e, arg)
	case abi.PerfID:
		return c.copyOut(arg, binary.LittleEndian.AppendUint64(nil, e.id))
	case abi.PerfPauseOutput:
		return e.pause(arg != 0)
	case abi.PerfSetOutput:
		return c.perfSetOutput(e, arg)
	case abi.PerfSetBPF:
		return c.perfSetBPF(e, int32(arg))
	case abi.PerfQueryBPF:
		return c.perfQuery(e, arg)
	case abi.PerfSetFilter:
		return c.perfFilter(e)
	case abi.PerfModifyAttributes:
		return c.refuse(Refusal{Call: "ioctl", What: "PERF_EVENT_IOC_MODIFY_ATTRIBUTES", Errno: abi.EOPNOTSUPP})
	}
	return abi.ENOTTY
}

func (e *PerfEvent) enable(on bool) abi.Errno {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.enabled = on
	return abi.OK
}

// refresh is for events that sample.
func (e *PerfEvent) refresh() abi.Errno {
	if e.attr.has(abi.PerfBitInherit) || !e.attr.sampling() {
		return abi.EINVAL
	}
	return e.enable(true)
}

func (c *call) perfPeriod(e *PerfEvent, arg uint64) abi.Errno {
	var word [8]byte
	if errno := c.copyIn(word[:], arg); errno != abi.OK {
		return errno
	}
	attr := e.attr
	attr.period = binary.LittleEndian.Uint64(word[:])
	if !e.attr.sampling() || attr.period == 0 {
		return abi.EINVAL
	}
	return attr.checkPeriod()
}

// perfSetOutput takes -1 for the event's own buffer.
func (c *call) perfSetOutput(e *PerfEvent, arg uint64) abi.Errno {
	if arg == math.MaxUint64 {
		return e.setOutput(nil)
	}
	to, errno := c.perfEvent(int32(arg))
	if errno != abi.OK {
		return errno
	}
	defer to.Release()
	return e.setOutput(to)
}

func (c *call) perfSetBPF(e *PerfEvent, fd int32) abi.Errno {
	p, errno := c.program(fd)
	if errno != abi.OK {
		return errno
	}
	defer p.Release()
	return e.attach(p, 0)
}

// perfFilter: only tracepoints and some PMUs have filters.
func (c *call) perfFilter(e *PerfEvent) abi.Errno {
	if e.attr.kind == abi.PerfTracepoint || c.kernel.isProbe(e.attr.kind) {
		return c.refuse(Refusal{Call: "ioctl", What: "PERF_EVENT_IOC_SET_FILTER", Errno: abi.EINVAL})
	}
	return abi.EINVAL
}

// mostQueried is BPF_TRACE_MAX_PROGS.
const mostQueried = 64

// perfQuery lists the programs of a tracepoint (perf_event_query_prog_array in kernel/trace/bpf_trace.c): struct
// perf_event_query_bpf is the room for ids, their number, and ids.
func (c *call) perfQuery(e *PerfEvent, arg uint64) abi.Errno {
	switch {
	case !c.proc.Caps.SysAdmin: // CAP_PERFMON, which it holds
		return abi.EPERM
	case e.attr.kind != abi.PerfTracepoint:
		return abi.EINVAL
	}
	var head [8]byte
	if errno := c.copyIn(head[:], arg); errno != abi.OK {
		return errno
	}
	room := binary.LittleEndian.Uint32(head[:])
	if room > mostQueried {
		return abi.E2BIG
	}
	ids := c.kernel.perf.programsAt(e.attr.config)
	out := make([]byte, 4+4*room) // all of the room is written
	binary.LittleEndian.PutUint32(out, uint32(len(ids)))
	for i, id := range ids[:min(len(ids), int(room))] {
		binary.LittleEndian.PutUint32(out[4+4*i:], id)
	}
	if errno := c.copyOut(arg+4, out); errno != abi.OK {
		return errno
	}
	if room != 0 && len(ids) > int(room) {
		return abi.ENOSPC
	}
	return abi.OK
}
