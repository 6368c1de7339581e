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

// watched is answer of a kernel whose calls are watched.
func (c *call) watched(cmd abi.Cmd, size uint32) (int32, abi.Errno) {
	end := c.kernel.options.Watch(Call{c.proc, c.task.CPU, cmd, c.addr, size})
	ret, errno := c.answer(cmd, size)
	if end != nil {
		o := Outcome{Ret: ret, Errno: errno, Name: c.attempt(c.kernel.meaning(cmd)).Name}
		if c.injected != nil {
			o.Injected = *c.injected
		}
		end(o)
	}
	return ret, errno
}
