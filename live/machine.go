package live

import (
	"errors"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// Machine is a kernel that several threads of one process call at the same time. The fds of one thread are all threads'.
type Machine interface {
	// Name is what reports call the machine.
	Name() string
	// OnThread runs f on a thread of its own, which stays on the CPU, until f returns. What f made is closed then.
	OnThread(cpu int, f func(explore.System) error) error
	// CPUs are those that threads can run on, at least one.
	CPUs() []int
	// Knows reports whether the machine has the commands of a way of walking.
	Knows(way explore.Way) bool
}

// NewBpfsim boots bpfsim with the number of CPUs.
func NewBpfsim(cpus int) Machine {
	return &bpfsim{kernel: bpfsys.NewKernel(bpfsys.Options{CPUs: cpus}), files: bpfsys.NewFDTable()}
}

type bpfsim struct {
	kernel *bpfsys.Kernel
	files  *bpfsys.FDTable
}

// goroutine is a thread of bpfsim with memory of its own.
type goroutine struct{ *bpfsys.Caller }

func (b *bpfsim) Name() string { return "bpfsim" }

func (b *bpfsim) OnThread(cpu int, f func(explore.System) error) error {
	caller := bpfsys.NewCaller(b.kernel)
	caller.Task.CPU, caller.Process.Files = cpu, b.files
	return f(goroutine{caller})
}

func (b *bpfsim) CPUs() []int {
	cpus := make([]int, b.kernel.CPUs())
	for i := range cpus {
		cpus[i] = i
	}
	return cpus
}

func (b *bpfsim) Knows(explore.Way) bool { return true }

func (g goroutine) Memory() bpfsys.Memory { return g.Arena }

func (g goroutine) Alloc(n int) uint64 { return g.Arena.Alloc(n) }

// Linux is the kernel that this process runs on. The error says why it cannot be used: maps with BPF_F_ZERO_SEED take
// CAP_SYS_ADMIN, and bpf(2) may be refused.
func Linux() (Machine, error) {
	var m linux
	var refused error
	err := kernel.OnLinux(nil, func(stage explore.Stage) {
		for cpu := range stage.CPUs() {
			if stage.Pin(cpu) == nil { // it may be offline, or not ours
				m.cpus = append(m.cpus, cpu)
			}
		}
		_, refused = newMap(stage, explore.Shape{Type: abi.Hash, Entries: 1, Value: 8})
	})
	if err = errors.Join(err, refused); err != nil {
		return nil, err
	}
	return m, nil
}

type linux struct{ cpus []int }

func (linux) Name() string { return "Linux" }

func (m linux) CPUs() []int { return m.cpus }

// OnThread uses a goroutine of its own, since a thread that cannot be given back ends with its goroutine.
func (linux) OnThread(cpu int, f func(explore.System) error) error {
	ended := make(chan error)
	go func() {
		var failed error
		err := kernel.OnLinux(nil, func(stage explore.Stage) {
			if failed = stage.Pin(cpu); failed == nil {
				failed = f(stage)
			}
		})
		ended <- errors.Join(err, failed)
	}()
	return <-ended
}

func (linux) Knows(way explore.Way) bool { return way.Kernel }
