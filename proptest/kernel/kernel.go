package kernel

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Kernel runs programs, one step at a time.
type Kernel interface {
	// Name is what reports call the kernel.
	Name() string
	// Start makes the kernel fresh for a program: no maps, no fds, an empty bpffs, an arena full of canaries. The
	// error says what of m it does not have.
	Start(m program.Machine) error
	// Arena is the program's user memory, valid until the next Start.
	Arena() *program.Arena
	// Bpf makes one call on a CPU. Memory has been set already. A returned fd is moved to c.As. Within a
	// dump, during is called before each call of the loop with the call's number; it may call Bpf and Do.
	Bpf(cpu int, c program.Call, during func(call int)) Outcome
	// Do makes an event happen on a CPU and returns its errno.
	Do(cpu int, e program.Event) abi.Errno
}

// Outcome is what a step gave back: Ret when Errno is abi.OK.
type Outcome struct {
	Ret   int32
	Errno abi.Errno
}

// String is the outcome as a trace shows it.
func (o Outcome) String() string {
	if o.Errno != abi.OK {
		return o.Errno.String()
	}
	return fmt.Sprint(o.Ret)
}

// clean drops what libc would: the -1 beside an errno.
func (o Outcome) clean() Outcome {
	if o.Errno != abi.OK {
		o.Ret = 0
	}
	return o
}
