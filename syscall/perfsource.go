package bpfsys

import (
	"bytes"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Probes are the types that a kernel gives the drivers of probes at boot; zero means those that most kernels give.
type Probes struct{ Kprobe, Uprobe abi.PerfType }

// firstDriver is the first number that is given to a driver; those before it are of the two clocks.
const firstDriver = abi.PerfTypeMax + 2

var defaultProbes = Probes{Kprobe: firstDriver, Uprobe: firstDriver + 1}

// isProbe tells the types of kprobes and uprobes.
func (k *Kernel) isProbe(kind abi.PerfType) bool {
	return kind == k.options.Probes.Kprobe || kind == k.options.Probes.Uprobe
}

// findPerfSource looks up what the event comes from.
func (c *call) findPerfSource(e *PerfEvent) abi.Errno {
	switch {
	case e.attr.kind == abi.PerfTracepoint:
		return c.findTracepoint(e)
	case c.kernel.isProbe(e.attr.kind):
		return c.findProbe(e)
	case e.attr.kind == abi.PerfSoftware && e.attr.config < abi.PerfSoftwareMax:
		if e.attr.config <= abi.PerfTaskClock && e.attr.sampling() { // a clock makes a period of its frequency
			e.attr.bits &^= abi.PerfBitFreq
		}
		return abi.OK
	}
	return abi.ENOENT // as on a machine without a PMU
}

// findTracepoint follows perf_trace_init and perf_trace_event_perm in kernel/trace/trace_event_perf.c: what is recorded is for those who may
// look into the kernel, but for system calls of one process. Nobody gets ftrace:function (measured on 6.18).
func (c *call) findTracepoint(e *PerfEvent) abi.Errno {
	tp, ok := e.Tracepoint()
	if !ok {
		p := c.kernel.probes.use(e.attr.config)
		if p == nil {
			return abi.EINVAL
		}
		e.define(p)
	}
	raw, ofCalls := e.attr.samples&abi.PerfSampleRaw != 0, tp.Group == "syscalls" || tp.Group == "raw_syscalls"
	errno := abi.OK
	switch everything := c.proc.Caps.SysAdmin; {
	case tp.isFunction() && everything && e.attr.sampling() && e.attr.showsUser():
		errno = abi.EINVAL
	case tp.isFunction(), raw && !everything && (e.pid == everybody || !ofCalls):
		errno = abi.EPERM
	}
	if errno != abi.OK {
		e.undefine()
	}
	return errno
}

// isFunction tells the event of every function of the kernel.
func (tp Tracepoint) isFunction() bool { return tp.Group == "ftrace" && tp.Name == "function" }

// The longest name of a symbol and of a file (KSYM_NAME_LEN, PATH_MAX).
const (
	symbolLen = 512
	pathLen   = 4096
)

// findProbe reads the name of the function or file (perf_kprobe_init and perf_uprobe_init in
// kernel/trace/trace_event_perf.c).
func (c *call) findProbe(e *PerfEvent) abi.Errno {
	kernelSide, longest := e.attr.kind == c.kernel.options.Probes.Kprobe, pathLen
	if kernelSide {
		longest = symbolLen
	}
	name, errno := c.perfName(e.attr.config1, longest)
	if errno != abi.OK {
		return errno
	}
	e.target = name
	if kernelSide {
		return c.findSymbol(e)
	}
	if name == "" {
		return abi.EINVAL
	}
	if refCtr := e.attr.config >> abi.PerfAttrRefCtrShift; refCtr%2 != 0 {
		return abi.EINVAL
	}
	_, errno = c.proc.host().Executable(name)
	if errno == abi.EBADF { // no regular file, as links say it
		return abi.EINVAL
	}
	return errno
}

// findSymbol needs a function's name, or an address where the name is empty.
func (c *call) findSymbol(e *PerfEvent) abi.Errno {
	if e.target == "" && e.attr.config2 == 0 {
		return abi.EINVAL
	}
	if _, exists := c.proc.host().Function(e.target); e.target != "" && !exists {
		return abi.ENOENT
	}
	return abi.OK
}

// perfName reads a string: EINVAL without an address, E2BIG where it does not end.
func (c *call) perfName(addr uint64, longest int) (string, abi.Errno) {
	if addr == 0 {
		return "", abi.OK
	}
	c.task.Step(maps.PointUser)
	raw := make([]byte, longest)
	n := readString(c.proc.Mem, raw, addr)
	end := bytes.IndexByte(raw[:n], 0)
	switch {
	case end >= 0:
		return string(raw[:end]), abi.OK
	case n < longest:
		return "", abi.EFAULT
	}
	return "", abi.EINVAL
}
