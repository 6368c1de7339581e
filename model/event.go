package model

import "github.com/bpfsim/bpfsim/abi"

// event is what an object has that is a perf event (kernel/events/core.c). Nobody maps its buffer.
type event struct {
	eventAttr
	pid, cpu int32
	leader   int // serial of the event that leads its group; 0 where that is the event itself
	prog     int // serial of the program that is attached, 0 for none
}

// Processes and CPUs of an event that are all of them.
const (
	everybody = -1
	everyCPU  = -1
)

// opening is an event on its way to be one.
type opening struct {
	*event
	flags uint64
	group *object // what group_fd names
}

// openEvent is perf_event_open(2), in the order of its checks.
func (x *run) openEvent() (int32, abi.Errno) {
	o := opening{event: &event{pid: int32(x.u32(abi.PerfOpenPID)), cpu: int32(x.u32(abi.PerfOpenCPU))}, flags: x.u64(abi.PerfOpenFlags)}
	for _, check := range []func(*run, *opening) abi.Errno{
		(*run).checkEventFlags, (*run).readEventAttr, (*run).checkEventCaller, (*run).checkEventPeriod, (*run).findEventGroup, (*run).findEventTask,
		(*run).findEventSource, (*run).checkEventMore, (*run).joinEventGroup,
	} {
		if errno := check(x, &o); errno != abi.OK {
			return 0, errno
		}
	}
	made := &object{event: o.event}
	x.state.add(made)
	return x.newFD(made.serial, access{true, true})
}

func (x *run) checkEventFlags(o *opening) abi.Errno {
	if o.flags >= abi.PerfFlagsEnd {
		return abi.EINVAL
	}
	return abi.OK
}

// checkEventCaller: who may not look into the kernel leaves it out (kernel.perf_event_paranoid is 2; CAP_PERFMON comes with CAP_SYS_ADMIN).
func (x *run) checkEventCaller(o *opening) abi.Errno {
	if !x.state.config.SysAdmin && !o.has(abi.PerfBitExcludeKernel) {
		return abi.EACCES
	}
	return abi.OK
}

// checkEventPeriod is what is wrong with a period or frequency.
func (x *run) checkEventPeriod(o *opening) abi.Errno { return o.possiblePeriod(o.period) }

func (a *eventAttr) possiblePeriod(period uint64) abi.Errno {
	if a.has(abi.PerfBitFreq) && period > abi.PerfLargestFrequency || !a.has(abi.PerfBitFreq) && period >= 1<<63 {
		return abi.EINVAL
	}
	return abi.OK
}

// findEventGroup is the event that leads the group.
func (x *run) findEventGroup(o *opening) abi.Errno {
	if o.flags&abi.PerfFlagPIDCgroup != 0 && (o.pid == everybody || o.cpu == everyCPU) {
		return abi.EINVAL
	}
	fd := int32(x.u32(abi.PerfOpenGroup))
	if fd == -1 {
		return abi.OK
	}
	serial, errno := x.perfEvent(fd)
	if errno != abi.OK {
		return errno
	}
	o.group = x.state.object(serial)
	return abi.OK
}

// findEventTask: of processes there is the caller alone, 0.
func (x *run) findEventTask(o *opening) abi.Errno {
	follows := o.pid != everybody && o.flags&abi.PerfFlagPIDCgroup == 0
	switch {
	case follows && o.pid != 0:
		return abi.ESRCH
	case follows && o.leads() != nil && o.leads().has(abi.PerfBitInherit) != o.has(abi.PerfBitInherit),
		uint32(o.cpu) >= uint32(x.state.config.CPUs) && (o.cpu != everyCPU || !follows), o.has(abi.PerfBitSigtrap) && !follows:
		return abi.EINVAL
	}
	return abi.OK
}

// leads is the event whose group this one is to join, nil for none.
func (o *opening) leads() *event {
	if o.group == nil || o.flags&abi.PerfFlagNoGroup != 0 {
		return nil
	}
	return o.group.event
}

// tracepoints are those that calls here may be about, by id: the names of those that programs can be attached to (measured on 6.18).
var tracepoints = map[uint64]string{ftraceFunction: "", 5: "", 25: "kvm_test_age_hva", 26: "kvm_age_hva"}

// ftraceFunction is the id of ftrace:function.
const ftraceFunction = 1

// findEventSource is what the event comes from.
func (x *run) findEventSource(o *opening) abi.Errno {
	switch _, known := tracepoints[o.config]; {
	case o.kind == abi.PerfSoftware && o.config < abi.PerfSoftwareMax:
		if o.config <= abi.PerfTaskClock && o.sampling() { // a clock makes a period of its frequency (measured on 6.18)
			o.bits &^= abi.PerfBitFreq
		}
		return abi.OK
	case o.kind != abi.PerfTracepoint:
		return abi.ENOENT
	case !known:
		return abi.EINVAL
	case o.config != ftraceFunction:
		return x.mayTrace(o)
	case !x.state.config.SysAdmin:
		return abi.EPERM
	case o.sampling() && (!o.has(abi.PerfBitNoUserChain) || o.samples&abi.PerfSampleStackUser != 0):
		return abi.EINVAL
	}
	return abi.EPERM // for root, too (measured on 6.18)
}

// mayTrace: what a tracepoint records is for those who may look into the kernel.
func (x *run) mayTrace(o *opening) abi.Errno {
	if !x.state.config.SysAdmin && o.samples&abi.PerfSampleRaw != 0 {
		return abi.EPERM
	}
	return abi.OK
}

// checkEventMore is what is looked at once the source is known.
func (x *run) checkEventMore(o *opening) abi.Errno {
	switch {
	case o.has(abi.PerfBitAuxOutput) || o.auxAction != 0:
		return abi.EOPNOTSUPP
	case o.flags&abi.PerfFlagPIDCgroup != 0: // no fd here that is asked for is one of a cgroup
		return abi.EBADF
	case o.has(abi.PerfBitUseClockID) && !eventClocks[o.clock], o.has(abi.PerfBitUseClockID) && o.kind != abi.PerfSoftware && o.clock != 1 && o.clock != 4:
		return abi.EINVAL
	case o.pid == everybody && !x.state.config.SysAdmin:
		return abi.EACCES
	}
	return abi.OK
}

// eventClocks are the clocks that an event can have: REALTIME, MONOTONIC, MONOTONIC_RAW, BOOTTIME and TAI; a tracepoint has one of the second
// and the third (measured on 6.18).
var eventClocks = map[int32]bool{0: true, 1: true, 4: true, 7: true, 11: true}

// joinEventGroup: a group has one level, one clock, one CPU and one process, and only who leads it is pinned or exclusive. Nobody has a buffer that
// another one could write to.
func (x *run) joinEventGroup(o *opening) abi.Errno {
	leader := o.leads()
	if leader != nil && (x.state.led(leader) || !leader.sameClock(&o.eventAttr) || leader.cpu != o.cpu || leader.pid != o.pid || o.has(abi.PerfBitPinned|abi.PerfBitExclusive)) ||
		o.group != nil && o.flags&abi.PerfFlagOutput != 0 {
		return abi.EINVAL
	}
	if leader != nil {
		o.leader = o.group.serial
	}
	return abi.OK
}

// led reports whether an event is in a group that another one leads: with that one its group ends.
func (s *State) led(e *event) bool {
	for _, o := range s.objects {
		if e.leader != 0 && o.serial == e.leader {
			return true
		}
	}
	return false
}

// perfEvent is the event whose fd that is.
func (x *run) perfEvent(fd int32) (serial int, errno abi.Errno) {
	f, _ := x.state.files.get(fd)
	if f.serial == 0 || x.state.object(f.serial).event == nil {
		return 0, abi.EBADF
	}
	return f.serial, abi.OK
}
