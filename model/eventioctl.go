package model

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// eventIoctl is ioctl(2) on a perf event (_perf_ioctl in kernel/events/core.c).
func (x *run) eventIoctl() abi.Errno {
	fd := int32(x.u32(abi.PerfIoctlFD))
	serial, errno := x.perfEvent(fd)
	switch {
	case !x.state.Open(fd):
		return abi.EBADF
	case errno != abi.OK: // nothing else here has requests
		return abi.ENOTTY
	}
	e, arg := x.state.object(serial).event, x.u64(abi.PerfIoctlArg)
	switch abi.PerfRequest(x.u32(abi.PerfIoctlRequest)) {
	case abi.PerfEnable, abi.PerfDisable, abi.PerfReset:
		return abi.OK
	case abi.PerfRefresh:
		return validIf(e.sampling() && !e.has(abi.PerfBitInherit))
	case abi.PerfPeriod:
		return x.changePeriod(e, arg)
	case abi.PerfPauseOutput: // there is no buffer
		return abi.EINVAL
	case abi.PerfSetOutput:
		return x.setOutput(arg)
	case abi.PerfSetBPF:
		return x.attachToEvent(serial, int32(arg))
	case abi.PerfQueryBPF:
		return x.queryEvent(e, arg)
	}
	return abi.ENOTTY
}

func validIf(ok bool) abi.Errno {
	if !ok {
		return abi.EINVAL
	}
	return abi.OK
}

// changePeriod is PERF_EVENT_IOC_PERIOD.
func (x *run) changePeriod(e *event, arg uint64) abi.Errno {
	b, ok := x.user.read(arg, 8)
	if !ok {
		return abi.EFAULT
	}
	period := binary.LittleEndian.Uint64(b)
	if !e.sampling() || period == 0 {
		return abi.EINVAL
	}
	return e.possiblePeriod(period)
}

// setOutput is PERF_EVENT_IOC_SET_OUTPUT: no other event has a buffer.
func (x *run) setOutput(arg uint64) abi.Errno {
	if arg == math.MaxUint64 {
		return abi.OK
	}
	if _, errno := x.perfEvent(int32(arg)); errno != abi.OK {
		return errno
	}
	return abi.EINVAL
}

// attachToEvent is PERF_EVENT_IOC_SET_BPF.
func (x *run) attachToEvent(serial int, fd int32) abi.Errno {
	prog, errno := x.program(fd)
	if errno != abi.OK {
		return errno
	}
	return x.putAtEvent(serial, prog)
}

// putAtEvent is perf_event_set_bpf_prog. Only tracepoints look at the type of a program first.
func (x *run) putAtEvent(serial, prog int) abi.Errno {
	e, kind, want := x.state.object(serial).event, x.state.object(prog).prog.kind, abi.ProgPerfEvent
	if e.kind == abi.PerfTracepoint {
		want = abi.ProgTracepoint
		if kind != want || tracepoints[e.config] == "" {
			return abi.EINVAL
		}
	}
	switch {
	case e.prog != 0, e.kind == abi.PerfTracepoint && slices.Contains(x.state.atTracepoint(e.config), prog): // it runs once
		return abi.EEXIST
	case kind != want:
		return abi.EINVAL
	}
	changed := *e
	changed.prog = prog
	x.state.edit(serial).event = &changed
	x.state.attached = append(x.state.attached[:len(x.state.attached):len(x.state.attached)], serial)
	return abi.OK
}

// mostQueried is how many ids can be asked for.
const mostQueried = 64

// queryEvent is PERF_EVENT_IOC_QUERY_BPF (perf_event_query_prog_array): the programs of the tracepoint, as far as there is room. All of the
// room is written.
func (x *run) queryEvent(e *event, arg uint64) abi.Errno {
	switch {
	case !x.state.config.SysAdmin:
		return abi.EPERM
	case e.kind != abi.PerfTracepoint:
		return abi.EINVAL
	}
	b, ok := x.user.read(arg, 8)
	if !ok {
		return abi.EFAULT
	}
	room, progs := int(u32(b)), x.state.atTracepoint(e.config)
	if room > mostQueried {
		return abi.E2BIG
	}
	if !x.user.write(arg+4, le32(uint32(len(progs)))) {
		return abi.EFAULT
	}
	for i := range room {
		id, at := uint32(0), arg+8+uint64(4*i)
		if i < len(progs) {
			id = x.learnListed(x.state.object(progs[i]), at)
		}
		if !x.user.write(at, le32(id)) {
			return abi.EFAULT
		}
	}
	if room > 0 && len(progs) > room {
		return abi.ENOSPC
	}
	return abi.OK
}

// atTracepoint are the serials of the programs there, in the order in which they came.
func (s *State) atTracepoint(id uint64) (progs []int) {
	for _, serial := range s.attached {
		for _, o := range s.objects {
			if o.serial == serial && o.event.kind == abi.PerfTracepoint && o.event.config == id {
				progs = append(progs, o.event.prog)
			}
		}
	}
	return progs
}
