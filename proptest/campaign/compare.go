package campaign

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/bpfsim/bpfsim/proptest/generator"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Compare runs p on the kernels, step by step, and returns the first difference between them, or the first result that
// the model forbids; nil when there is none. The error says why p could not run.
//
// After a map is made whose order depends on a random seed, kernels may differ; from there on each is judged by the
// model alone.
func Compare(p program.Program, kernels ...kernel.Kernel) (*Mismatch, error) {
	return newComparison(kernels).run(p)
}

// comparison holds kernels against each other and the model, program after program.
type comparison struct {
	runners []*runner
	// apart is set once the kernels may differ: each has its own model states.
	apart bool
	// pool is the memory of the drawn program.
	pool *generator.Pool
	// result, when set, is told every outcome on the first kernel.
	result *result
}

func newComparison(kernels []kernel.Kernel) *comparison {
	c := &comparison{pool: new(generator.Pool)}
	for _, k := range kernels {
		c.runners = append(c.runners, newRunner(k))
	}
	return c
}

// confined is a Kernel whose state belongs to one thread; calls to it must come from inside Confine.
type confined interface{ Confine(f func()) }

// run compares one program on the threads that the kernels ask for.
func (c *comparison) run(p program.Program) (m *Mismatch, err error) {
	body := func() { m, err = c.runHere(p) }
	for _, r := range c.runners {
		if k, ok := r.kernel.(confined); ok {
			inner := body
			body = func() { k.Confine(inner) }
		}
	}
	body()
	return m, err
}

// runHere is run on this thread. A panic is a mismatch of the step that it happened in, so that it is shrunk too.
func (c *comparison) runHere(p program.Program) (m *Mismatch, err error) {
	if len(c.runners) == 0 {
		return nil, errors.New("no kernel to run on")
	}
	p.Machine = c.without(p.Machine)
	if err := p.Check(c.cpus(p.Machine.CPUs)); err != nil {
		return nil, err
	}
	c.apart = false
	for _, r := range c.runners {
		if err := r.start(p.Machine); err != nil {
			return nil, fmt.Errorf("start %s: %w", r.kernel.Name(), err)
		}
	}
	at := 0
	defer func() {
		if c.result != nil {
			c.result.evictions = c.runners[0].possible.Evicted()
		}
		if v := recover(); v != nil {
			m = &Mismatch{Program: p, Step: at, Detail: fmt.Sprintf("  panic: %v%s", v, callers())}
		}
	}()
	for ; at < len(p.Steps); at++ {
		if m := c.step(p.Steps[at]); m != nil {
			m.Program, m.Step = p, at
			return m, nil
		}
	}
	return nil, nil
}

// callers are the lines of code that led to a panic, without addresses: the same each time.
func callers() string {
	const deepest, own = 24, 3 // own: runtime.Callers, callers, and the function that recovers
	pcs := make([]uintptr, deepest)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(own, pcs)])
	text := ""
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		text += fmt.Sprintf("\n  %s:%d %s", filepath.Base(f.File), f.Line, f.Function)
	}
	return text
}

// without is m without what Linux lacks, if it takes part.
func (c *comparison) without(m program.Machine) program.Machine {
	for _, r := range c.runners {
		if _, ok := r.kernel.(*kernel.Linux); !ok {
			continue
		}
		m.Without = slices.Clone(m.Without)
		for _, f := range program.NotInLinux {
			if m.Has(f) {
				m.Without = append(m.Without, f)
			}
		}
		break
	}
	return m
}

// step runs s everywhere and compares.
func (c *comparison) step(s program.Step) *Mismatch {
	first := c.runners[0]
	for i, r := range slices.Backward(c.runners) { // Linux, mostly the first, is told what the others said
		r.judging = i == 0 || c.apart
		if i+1 < len(c.runners) {
			r.expect(c.runners[i+1])
		}
		r.run(s)
	}
	if c.result != nil {
		for _, e := range first.seen {
			c.result.note(e)
		}
	}
	if !c.apart && !c.equal() {
		return c.mismatch()
	}
	for _, r := range c.runners {
		r.settle(first)
	}
	if c.illegal() {
		return c.mismatch()
	}
	c.share()
	return nil
}

// share gives the first runner's states to those who were not judging: its own to each, once the kernels may differ.
func (c *comparison) share() {
	first := c.runners[0]
	c.apart = c.apart || first.Seeded
	for _, r := range c.runners[1:] {
		switch {
		case r.judging:
		case c.apart:
			r.possible = first.possible.Clone()
		default:
			r.possible = first.possible
		}
	}
}

func (c *comparison) illegal() bool {
	for _, r := range c.runners {
		if r.why != "" {
			return true
		}
	}
	return false
}

// equal reports whether all kernels gave the same results and left the same memory.
func (c *comparison) equal() bool {
	first := c.runners[0]
	for _, r := range c.runners[1:] {
		if !bytes.Equal(first.kernel.Arena().Bytes(), r.kernel.Arena().Bytes()) || len(first.seen) != len(r.seen) {
			return false
		}
		for i := range first.seen {
			if first.seen[i].outcome != r.seen[i].outcome {
				return false
			}
		}
	}
	return true
}

// cpus are the CPUs that all kernels can run steps on, of so many possible ones.
func (c *comparison) cpus(possible int) []int {
	for _, r := range c.runners {
		if k, ok := r.kernel.(*kernel.Linux); ok {
			return k.CPUs()
		}
	}
	all := make([]int, possible)
	for i := range all {
		all[i] = i
	}
	return all
}
