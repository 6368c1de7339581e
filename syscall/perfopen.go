package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// PerfEventOpen are the arguments of perf_event_open(2).
type PerfEventOpen struct {
	Attr  uint64 // the address of struct perf_event_attr
	PID   int32
	CPU   int32
	Group int32
	Flags uint64
}

// PerfEventOpen is perf_event_open(2). ours is false for an event that BPF programs and maps have nothing to do with,
// which is for the host to count: one that follows a process and is neither for the output of BPF programs, nor a
// tracepoint, nor a probe.
func (k *Kernel) PerfEventOpen(t *maps.Task, p *Process, args PerfEventOpen) (fd int32, errno abi.Errno, ours bool) {
	c := k.begin(t, p)
	defer c.end()
	if !c.isOurs(args) {
		return 0, abi.OK, false
	}
	event, errno := c.newPerfEvent(args)
	if errno != abi.OK {
		return 0, errno, true
	}
	fd, errno = c.install(event, ReadWrite) // which releases it on an errno
	if told := k.options.PerfOpened; told != nil && errno == abi.OK {
		told(p, event)
	}
	return fd, errno, true
}

// begin is a call that has no attr of bpf(2).
func (k *Kernel) begin(t *maps.Task, p *Process) *call {
	if uint(t.CPU) >= uint(k.options.CPUs) {
		t = k.placed(t)
	}
	return &call{kernel: k, task: t, proc: p, arena: directly(t, p)}
}

// isOurs looks at the type alone. Of an attr that cannot be read everybody says the same.
func (c *call) isOurs(args PerfEventOpen) bool {
	var raw [abi.PerfAttrVer0]byte
	if c.proc.Mem.Read(raw[:], args.Attr) < len(raw) {
		return true
	}
	kind := abi.PerfType(binary.LittleEndian.Uint32(raw[abi.PerfAttrType:]))
	config := binary.LittleEndian.Uint64(raw[abi.PerfAttrConfig:])
	switch {
	case kind == abi.PerfTracepoint, kind == abi.PerfSoftware && config == abi.PerfBPFOutput, c.kernel.isProbe(kind):
		return true
	}
	return args.PID == everybody && args.Flags&abi.PerfFlagPIDCgroup == 0 && kind < abi.PerfTypeMax
}

// everybody as a process means all of them, and noCPU as a CPU all of them.
const (
	everybody = -1
	noCPU     = -1
)

// newPerfEvent follows the order of sys_perf_event_open in kernel/events/core.c (6.18).
func (c *call) newPerfEvent(args PerfEventOpen) (*PerfEvent, abi.Errno) {
	if args.Flags >= abi.PerfFlagsEnd {
		return nil, abi.EINVAL
	}
	attr, errno := c.readPerfAttr(args.Attr)
	switch {
	case errno != abi.OK:
		return nil, errno
	case !c.proc.Caps.SysAdmin && !attr.has(abi.PerfBitExcludeKernel): // CAP_PERFMON, which it holds, under kernel.perf_event_paranoid 2
		return nil, abi.EACCES
	}
	if errno := attr.checkPeriod(); errno != abi.OK {
		return nil, errno
	}
	e := &PerfEvent{kernel: c.kernel, attr: attr, pid: args.PID, cpu: args.CPU, enabled: !attr.has(abi.PerfBitDisabled)}
	g, errno := c.perfGroup(args)
	if errno != abi.OK {
		return nil, errno
	}
	defer g.release()
	if errno := c.checkPerfTarget(e, args, g.leader()); errno != abi.OK {
		return nil, errno
	}
	if errno := c.findPerfSource(e); errno != abi.OK {
		return nil, errno
	}
	if errno = c.checkPerfMore(e, args); errno == abi.OK {
		errno = e.join(g)
	}
	if errno == abi.OK && c.proc.Backing != nil {
		e.backing, errno = c.proc.Backing(perfMemoryWords)
	}
	if errno != abi.OK {
		e.undefine()
		_ = e.setOutput(nil)
		return nil, errno
	}
	e.account = c.kernel.budget.Open()
	e.refs.Store(1)
	c.kernel.perf.add(e)
	return e, abi.OK
}

// checkPerfTarget looks at what the event is to follow.
func (c *call) checkPerfTarget(e *PerfEvent, args PerfEventOpen, leader *PerfEvent) abi.Errno {
	follows := args.PID != everybody && args.Flags&abi.PerfFlagPIDCgroup == 0
	if follows && args.PID != 0 {
		if _, exists, _ := c.proc.host().TaskFD(uint32(args.PID), -1); args.PID < 0 || !exists {
			return abi.ESRCH
		}
	}
	switch {
	case follows && leader != nil && leader.attr.has(abi.PerfBitInherit) != e.attr.has(abi.PerfBitInherit),
		uint32(args.CPU) >= uint32(c.kernel.options.CPUs) && (args.CPU != noCPU || !follows), e.attr.has(abi.PerfBitSigtrap) && !follows:
		return abi.EINVAL
	}
	return abi.OK
}

// checkPerfMore is what is looked at once the driver is known.
func (c *call) checkPerfMore(e *PerfEvent, args PerfEventOpen) abi.Errno {
	if errno := e.attr.checkAux(); errno != abi.OK {
		return errno
	}
	if args.Flags&abi.PerfFlagPIDCgroup != 0 {
		if c.proc.host().Kind(args.PID) != CgroupDir {
			return abi.EBADF
		}
		return c.refuse(Refusal{Call: "perf_event_open", What: "a cgroup", Errno: abi.EINVAL})
	}
	if errno := e.attr.checkClock(); errno != abi.OK {
		return errno
	}
	if args.PID == everybody && !c.proc.Caps.SysAdmin {
		return abi.EACCES
	}
	return abi.OK
}
