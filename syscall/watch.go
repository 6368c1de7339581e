package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// Call is a call that begins, as Options.Watch sees it.
type Call struct {
	Process *Process
	CPU     int
	Cmd     abi.Cmd
	Attr    uint64 // address
	Size    uint32 // bytes of attr
}

// Outcome is how a call ended.
type Outcome struct {
	Ret   int32
	Errno abi.Errno
	// Name is that of the object that the call was about (Attempt).
	Name string
	// Injected is what Options.Fault had happen to it.
	Injected Fault
}

// watched is answer of a call that is watched.
func (c *call) watched(cmd abi.Cmd, size uint32) (int32, abi.Errno) {
	var end func(Outcome)
	if watch := c.kernel.options.Watch; watch != nil {
		end = watch(Call{c.proc, c.task.CPU, cmd, c.addr, size})
	}
	ret, errno := c.answer(cmd, size)
	if end == nil && c.proc.Outcome == nil {
		return ret, errno
	}
	o := Outcome{Ret: ret, Errno: errno, Name: c.attempt(c.kernel.meaning(cmd)).Name, Injected: c.injected}
	if c.proc.Outcome != nil {
		*c.proc.Outcome = o
	}
	if end != nil {
		end(o)
	}
	return ret, errno
}
