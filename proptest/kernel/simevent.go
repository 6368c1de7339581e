package kernel

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// eventCall is a call about perf events. Its arguments are read as the attr of a command is that nobody knows: with all the faults that can
// give.
func (k *Sim) eventCall(task *maps.Task, c program.Call) Outcome {
	if _, errno := k.kernel.Bpf(task, k.proc, uint32(c.Cmd), c.Attr, c.Size); errno != abi.EINVAL {
		return Outcome{Errno: errno}
	}
	a, errno := eventArguments(k.arena, c)
	if errno != abi.OK {
		return Outcome{Errno: errno}
	}
	if c.Cmd == abi.PerfIoctl {
		return k.eventIoctl(task, a)
	}
	fd, errno, ours := k.kernel.PerfEventOpen(task, k.proc, bpfsys.PerfEventOpen{
		Attr: a.Field(abi.PerfOpenAttr, 8), PID: int32(a.Field(abi.PerfOpenPID, 4)), CPU: int32(a.Field(abi.PerfOpenCPU, 4)),
		Group: int32(a.Field(abi.PerfOpenGroup, 4)), Flags: a.Field(abi.PerfOpenFlags, 8),
	})
	if !ours {
		panic("bpfsim leaves an event to the host that programs may ask for")
	}
	return Outcome{Ret: fd, Errno: errno}.clean()
}

// eventArguments are the arguments of a call about perf events, behind which there must be nothing.
func eventArguments(arena *program.Arena, c program.Call) (program.Attr, abi.Errno) {
	a := program.Attr{Bytes: make([]byte, abi.AttrSize)}
	arena.Read(a.Bytes[:min(c.Size, abi.AttrSize)], c.Attr)
	if !program.Zero(a.Bytes[program.LayoutOf(c.Cmd).End:]) {
		return a, abi.EINVAL
	}
	return a, abi.OK
}

// eventIoctl is ioctl(2): nothing else than perf events has requests that programs make.
func (k *Sim) eventIoctl(task *maps.Task, a program.Attr) Outcome {
	fd := int32(a.Field(abi.PerfIoctlFD, 4))
	errno, ours := k.kernel.PerfEventIoctl(task, k.proc, fd, abi.PerfRequest(a.Field(abi.PerfIoctlRequest, 4)), a.Field(abi.PerfIoctlArg, 8))
	switch {
	case ours:
		return Outcome{Errno: errno}
	case !k.files.IsOpen(fd):
		return Outcome{Errno: abi.EBADF}
	}
	return Outcome{Errno: abi.ENOTTY}
}
