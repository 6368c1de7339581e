package explore

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/sim"
)

// Stage is a fresh process on a kernel on which a script can be played: bpfsim's, or a real one.
type Stage interface {
	System
	// CPUs is the number of the kernel's possible CPUs, 0 when it has as many as anybody asks for.
	CPUs() int
	// Pin moves the process to a CPU.
	Pin(cpu int) error
	// Program makes a BPF program do op on the map behind fd; key is the operation's, value what it writes: of a per-CPU
	// type's, the part of its CPU. The error tells why it cannot.
	Program(fd int32, op Op, key, value []byte) (abi.Errno, error)
}

// stage is bpfsim as a Stage.
type stage struct {
	simulated
	machine *sim.Machine
}

// NewStage makes a fresh bpfsim with so many possible CPUs.
func NewStage(cpus int) Stage {
	m := sim.NewMachine(sim.Options{CPUs: cpus})
	return &stage{simulated{m.User().Caller}, m}
}

func (s *stage) CPUs() int { return s.machine.CPUs() }

func (s *stage) Pin(cpu int) error {
	if cpu >= s.machine.CPUs() {
		return fmt.Errorf("no CPU %d", cpu)
	}
	s.Task.CPU = cpu
	return nil
}

func (s *stage) Program(fd int32, op Op, _, value []byte) (abi.Errno, error) {
	elements := s.machine.Map(fd)
	shape := Shape{Type: elements.Spec().Type, Value: elements.ValueBytes()}
	p := program{task: &maps.Task{CPU: s.Task.CPU}, elements: elements, shape: shape}
	return p.with(op, value), nil
}
