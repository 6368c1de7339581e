package semantics

import (
	"bytes"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// OnKernel is a kernel as an implementation: every byte of user memory is looked at.
func OnKernel(k kernel.Kernel, cpus int) Implementation {
	return &machine{kernel: k, cpus: cpus, before: program.NewArena()}
}

type machine struct {
	kernel  kernel.Kernel
	cpus    int
	running program.Machine
	before  *program.Arena // memory as it was before the call
}

func (m *machine) Name() string { return m.kernel.Name() }

func (m *machine) CPUs() int { return m.cpus }

func (m *machine) Start(root bool) error {
	// Statements attach nothing, and older kernels have not all that programs could be attached to.
	m.running = program.Machine{CPUs: m.cpus, BPF: root, SysAdmin: root, Without: []program.Feature{program.Host}}
	return m.kernel.Start(m.running)
}

// Confine runs f where the kernel's calls must be made.
func (m *machine) Confine(f func()) {
	if k, ok := m.kernel.(interface{ Confine(func()) }); ok {
		k.Confine(f)
		return
	}
	f()
}

func (m *machine) Do(c *Call) (Result, error) {
	if _, real := m.kernel.(*kernel.Linux); real && c.onlyHere() {
		return Result{}, fmt.Errorf("%w by Linux: %s", ErrUnsupported, c.Cmd)
	}
	if c.event != nil {
		return Result{Errno: m.kernel.Do(c.cpu, c.event)}, nil
	}
	arena, call := m.kernel.Arena(), *c.bytes
	arena.Load(&m.running, &call)
	copy(m.before.Bytes(), arena.Bytes())
	o := m.kernel.Bpf(c.cpu, call, nil)
	r := Result{Errno: o.Errno, Fields: map[string][]byte{}, Wrote: map[string]bool{}}
	for _, out := range c.outputs {
		after := bytes.Clone(arena.Span(out.addr, out.size, program.ToRead))
		r.Fields[out.field] = after
		r.Wrote[out.field] = !bytes.Equal(after, m.before.Span(out.addr, out.size, program.ToRead))
	}
	r.Stray = m.stray(c)
	return r, nil
}

// OnLinux reports whether Linux has what the statement is about, if only in parts: its calls, or those that a dump's loop is made of.
func (s Statement) OnLinux() bool {
	scope := newScope(1)
	for _, step := range s.steps() {
		c, err := scope.resolve(step)
		if err != nil || c.onlyHere() {
			return false
		}
		scope.enter(c)
	}
	return true
}

// onlyHere reports whether the call is one that even the calls which Linux has cannot stand for.
func (c *Call) onlyHere() bool {
	return c.Cmd == abi.MapDumpAndDelete || c.Cmd == abi.MapDumpJuly && c.Numbers["flags"]&abi.DumpBucket != 0
}

// stray says where the call wrote although nothing of its is there.
func (m *machine) stray(c *Call) string {
	for _, out := range c.outputs {
		copy(m.before.Span(out.addr, out.size, program.ToPoke), m.kernel.Arena().Span(out.addr, out.size, program.ToRead))
	}
	after, before := m.kernel.Arena().Bytes(), m.before.Bytes()
	for at := range after {
		if after[at] != before[at] {
			return fmt.Sprintf("a byte of memory that is not the call's was written, at %s", program.AddressText(program.Base+uint64(at)))
		}
	}
	return ""
}

// Program is the statement's program for a comparison of kernels, which looks at memory, too.
func (s Statement) Program(cpus int) (program.Program, error) {
	p := program.Program{Machine: program.Machine{CPUs: cpus, BPF: !s.Nobody, SysAdmin: !s.Nobody}}
	scope := newScope(cpus)
	for _, step := range s.steps() {
		c, err := scope.resolve(step)
		if err != nil {
			return p, err
		}
		scope.enter(c)
		var a program.Action = c.bytes
		if c.event != nil {
			a = c.event
		}
		p.Steps = append(p.Steps, program.Step{CPU: c.cpu, Action: a})
	}
	return p, nil
}

// steps are the statement's steps with walks as the calls that they are.
func (s Statement) steps() (all []Step) {
	for _, step := range s.Steps {
		if !step.walks() {
			all = append(all, step)
			continue
		}
		all = append(all, firstKey(step))
		for range step.Want.Words {
			all = append(all, nextKey(step))
		}
	}
	return all
}

// firstKey and nextKey are the calls of a walk: each has the key that the one before wrote as its cursor.
func firstKey(walk Step) Step {
	return Step{Verb: "next", Name: walk.Name, Settings: []Setting{{"key", "-"}}}
}

func nextKey(walk Step) Step {
	return Step{Verb: "next", Name: walk.Name, Settings: []Setting{{"key", "@next_key"}}}
}
