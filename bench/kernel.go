package bench

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// system is bpf(2) with user memory: bpfsim's or the running Linux's.
type system interface {
	Bpf(cmd abi.Cmd, attr uint64, size uint32) (int32, abi.Errno)
	// Alloc gives out n bytes of user memory, by address and for direct access.
	Alloc(n int) (addr uint64, bytes []byte)
}

var _ system = (*kernel.Raw)(nil)

// emulated is bpfsim's kernel with an arena.
type emulated struct{ *bpfsys.Caller }

func newEmulated() emulated { return newEmulatedOf(2) }

func newEmulatedOf(cpus int) emulated {
	return emulated{bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: cpus}))}
}

// beside is another thread of the same process, on another CPU.
func (e emulated) beside(cpu int) emulated {
	other := *e.Caller
	other.Task = &maps.Task{CPU: cpu}
	return emulated{&other}
}

// Bpf makes the call.
func (e emulated) Bpf(cmd abi.Cmd, attr uint64, size uint32) (int32, abi.Errno) {
	return e.Kernel.Bpf(e.Task, e.Process, uint32(cmd), attr, size)
}

// Alloc maps a segment.
func (e emulated) Alloc(n int) (addr uint64, bytes []byte) {
	addr = e.Arena.Alloc(n)
	return addr, e.Arena.Bytes(addr, n)
}

// buffer is user memory.
type buffer struct {
	addr  uint64
	bytes []byte
}

func newBuffer(k system, n int) buffer {
	addr, bytes := k.Alloc(n)
	return buffer{addr, bytes}
}

// command is a system call with its attr laid out, ready to be made again and again.
type command struct {
	kernel system
	cmd    abi.Cmd
	attr   buffer
	size   uint32
	fresh  bpfsys.Attr
}

func prepare(k system, args bpfsys.Args) command {
	end, _ := abi.AttrEnd(args.Cmd())
	c := command{kernel: k, cmd: args.Cmd(), attr: newBuffer(k, end), size: uint32(end), fresh: args.Encode()}
	c.rewind()
	return c
}

// rewind writes the attr as it was at first, where a call has written results into it.
func (c *command) rewind() { copy(c.attr.bytes, c.fresh[:]) }

// call makes the call.
func (c *command) call() (int32, abi.Errno) { return c.kernel.Bpf(c.cmd, c.attr.addr, c.size) }

// must makes the call, whose errno must be want.
func (c *command) must(want abi.Errno) int32 {
	ret, errno := c.call()
	if errno != want {
		panic(fmt.Sprintf("bench: %v answered %v instead of %v", c.cmd, errno, want))
	}
	return ret
}
