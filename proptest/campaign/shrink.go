package campaign

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// shrink makes a failing program short: it leaves out steps, then parts of steps, as long as something still fails.
func (c *comparison) shrink(m *Mismatch) *Mismatch {
	m = c.cut(m)
	for size := len(m.Program.Steps) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(m.Program.Steps); {
			p := m.Program
			p.Steps = slices.Delete(slices.Clone(p.Steps), at, at+size)
			if shorter := c.retry(p); shorter != nil {
				m = shorter
			} else {
				at += size
			}
		}
	}
	for at := 0; at < len(m.Program.Steps); at++ {
		m = c.simplify(m, at)
	}
	return m
}

// cut leaves out what follows the failing step.
func (c *comparison) cut(m *Mismatch) *Mismatch {
	p := m.Program
	p.Steps = p.Steps[:m.Step+1]
	return &Mismatch{Program: p, Step: m.Step, Detail: m.Detail}
}

// retry runs p and returns its mismatch, cut, if it has one.
func (c *comparison) retry(p program.Program) *Mismatch {
	m, err := c.run(p)
	if m == nil || err != nil {
		return nil
	}
	return c.cut(m)
}

// simplify tries simpler forms of one step.
func (c *comparison) simplify(m *Mismatch, at int) *Mismatch {
	for again := true; again && at < len(m.Program.Steps); {
		again = false
		for _, s := range simpler(m.Program.Steps[at]) {
			p := m.Program
			p.Steps = slices.Clone(p.Steps)
			p.Steps[at] = s
			if shorter := c.retry(p); shorter != nil && len(shorter.Program.Steps) <= len(m.Program.Steps) {
				m, again = shorter, true
				break
			}
		}
	}
	return m
}

// simpler are forms of a step with one thing less.
func simpler(s program.Step) []program.Step {
	var steps []program.Step
	if s.CPU != 0 {
		steps = append(steps, program.Step{CPU: 0, Action: s.Action})
	}
	c, ok := s.Action.(*program.Call)
	if !ok {
		return steps
	}
	add := func(c program.Call) { steps = append(steps, program.Step{CPU: s.CPU, Action: &c}) }
	for i := range c.During {
		fewer := *c
		fewer.During = slices.Delete(slices.Clone(c.During), i, i+1)
		add(fewer)
	}
	for i := range c.Memory {
		fewer := *c
		fewer.Memory = slices.Delete(slices.Clone(c.Memory), i, i+1)
		add(fewer)
	}
	for _, f := range append(slices.Clip(program.LayoutOf(c.Cmd).Fields), abi.Field{Size: len(c.Contents)}) {
		if f.End() > len(c.Contents) || program.Zero(c.Contents[f.Offset:][:f.Size]) {
			continue
		}
		fewer := *c
		fewer.Contents = slices.Clone(c.Contents)
		clear(fewer.Contents[f.Offset:][:f.Size])
		add(fewer)
	}
	return steps
}
