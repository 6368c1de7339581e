package bpftest

import (
	"errors"
	"fmt"
	"time"

	"github.com/bpfsim/bpfsim/abi"
)

// Prog is a program that was loaded. It never runs; StandIn gives it a Go function that stands for it.
type Prog struct {
	k     *Handle
	cpu   int
	shape progShape
}

// progShape is what the tests' process knows of a program.
type progShape struct {
	ID         uint32
	Name, Tag  string
	Type       abi.ProgType
	AttachType abi.AttachType
	Maps       []string
	Cookie     uint64 // of what it is attached by, at a point
}

// Prog finds a program by its name, which Linux cuts to 15 characters. The test ends when there is no such program, or more than one.
func (k *Handle) Prog(name string) *Prog {
	k.t.Helper()
	a := k.await("find program", request{Op: opProg, Name: name})
	return &Prog{k: k, shape: a.Progs[0]}
}

// await asks until there is an answer: an object of the same name may have been closed just now, and not be gone yet.
func (k *Handle) await(what string, q request) reply {
	k.t.Helper()
	for end := time.Now().Add(patience / 10); ; time.Sleep(patience / 100) {
		k.link.sweep()
		a, err := k.link.do(q)
		if err == nil {
			return a
		}
		if time.Now().After(end) || errors.Is(err, errEnded) {
			k.fatal(fmt.Errorf("%s: %w", what, err))
		}
	}
}

// ID is the program's id.
func (p *Prog) ID() uint32 { return p.shape.ID }

// Name is the program's name, as the kernel has it.
func (p *Prog) Name() string { return p.shape.Name }

// Tag is the start of the hash of its instructions, as bpftool shows it.
func (p *Prog) Tag() string { return p.shape.Tag }

// Type is the program's type.
func (p *Prog) Type() abi.ProgType { return p.shape.Type }

// AttachType is where it was loaded to be attached.
func (p *Prog) AttachType() abi.AttachType { return p.shape.AttachType }

// Maps are the names of the maps that the program holds, in the order in which it names them.
func (p *Prog) Maps() []string { return p.shape.Maps }

// Attached are the places where the program is attached now, as At takes them.
func (p *Prog) Attached() (places []string) {
	p.k.t.Helper()
	for _, a := range p.k.do(request{Op: opAttached}).Attached {
		if a.Prog == p.shape.ID {
			places = append(places, a.Place)
		}
	}
	return places
}

// OnCPU is the program as it runs on another CPU. It begins with CPU 0.
func (p *Prog) OnCPU(cpu int) *Prog {
	p.k.t.Helper()
	other := *p
	other.cpu = p.k.checkCPU(fmt.Sprintf("program %q", p.shape.Name), cpu)
	return &other
}

// checkCPU ends the test for a CPU that the kernel has not.
func (k *Handle) checkCPU(of string, cpu int) int {
	k.t.Helper()
	if n := int(k.do(request{Op: opCPUs}).N); cpu < 0 || cpu >= n {
		k.t.Fatalf("bpftest: CPU %d of %s: there are %d", cpu, of, n)
	}
	return cpu
}

// Fire has what stands for the program run, as the event does that it is attached to, and returns its result. Of a program on packets
// (SCHED_CLS, XDP and the like) input is the packet, bytes or a Packet; of others it is the context, bytes or a value as in Map.
func (p *Prog) Fire(input any) int {
	p.k.t.Helper()
	c, err := p.context(input)
	if err != nil {
		p.k.t.Fatalf("bpftest: fire program %q: %v", p.shape.Name, err)
	}
	in := p.k.standIns.find(p.shape.Name)
	if in == nil {
		p.k.t.Fatalf("bpftest: fire program %q: nothing stands for it: give it a function with StandIn", p.shape.Name)
		return 0
	}
	return in.fire(p.k.t, c)
}
