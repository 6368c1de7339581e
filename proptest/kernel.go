package proptest

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
)

// Kernel runs programs, one step at a time.
type Kernel interface {
	// Name is what reports call the kernel.
	Name() string
	// Start makes the kernel fresh for a program: no maps, no fds, an empty bpffs, an arena full of canaries. The
	// error says what of m it does not have.
	Start(m Machine) error
	// Arena is the program's user memory, valid until the next Start.
	Arena() *Arena
	// Bpf makes one call on a CPU. Memory has been set already. A returned fd is moved to c.As. Within a
	// dump, during is called before each call of the loop with the call's number; it may call Bpf and Do.
	Bpf(cpu int, c Call, during func(call int)) Outcome
	// Do makes an event happen on a CPU and returns its errno.
	Do(cpu int, e Event) abi.Errno
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

// confined is a Kernel whose state belongs to one thread; calls to it must come from inside Confine.
type confined interface{ Confine(f func()) }

// Open fds that every kernel starts with: they are no bpf objects.
var openFDs = []int32{0, 1, 2}

// bpffs is where every kernel has an empty bpffs at the start of a program.
const bpffs = "/sys/fs/bpf"
