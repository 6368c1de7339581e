//go:build !linux

package kernel

import (
	"errors"
	"runtime"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Linux is the kernel that this process runs on, which is none here.
type Linux struct{}

var errNotLinux = errors.New("bpf(2) is a system call of Linux, and this is " + runtime.GOOS)

// Available tells why bpf(2) cannot be compared here.
func Available() error { return errNotLinux }

// NewLinux fails.
func NewLinux() (*Linux, error) { return nil, errNotLinux }

// Close does nothing: no Linux can be open.
func (k *Linux) Close() {}

// Confine runs f.
func (k *Linux) Confine(f func()) { f() }

// Name says that there is no kernel.
func (k *Linux) Name() string { return "no Linux" }

// Arena is nil.
func (k *Linux) Arena() *program.Arena { return nil }

// CPUs are none.
func (k *Linux) CPUs() []int { return nil }

// Start fails.
func (k *Linux) Start(program.Machine) error { return errNotLinux }

// Bpf answers what a kernel without bpf(2) does.
func (k *Linux) Bpf(int, program.Call, func(int)) Outcome { return Outcome{Errno: abi.ENOSYS} }

// Do answers what a kernel without bpf(2) does.
func (k *Linux) Do(int, program.Event) abi.Errno { return abi.ENOSYS }

func UnprivilegedAllowed() bool { return false }

// PossibleCPUs is the number of CPUs that Go uses.
func PossibleCPUs() int { return runtime.NumCPU() }
