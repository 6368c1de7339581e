package proptest

import "slices"

// shrink makes a failing program short: it leaves out steps, then parts of steps, as long as something still fails.
func (c *contest) shrink(m *Mismatch) *Mismatch {
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
func (c *contest) cut(m *Mismatch) *Mismatch {
	p := m.Program
	p.Steps = p.Steps[:m.Step+1]
	return &Mismatch{Program: p, Step: m.Step, Detail: m.Detail}
}

// retry runs p and returns its mismatch, cut, if it has one.
func (c *contest) retry(p Program) *Mismatch {
	m, err := c.run(p)
	if m == nil || err != nil {
		return nil
	}
	return c.cut(m)
}

// simplify tries simpler forms of one step.
func (c *contest) simplify(m *Mismatch, at int) *Mismatch {
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
func simpler(s Step) []Step {
	var steps []Step
	if s.CPU != 0 {
		steps = append(steps, Step{CPU: 0, Action: s.Action})
	}
	c, ok := s.Action.(*Call)
	if !ok {
		return steps
	}
	add := func(c Call) { steps = append(steps, Step{CPU: s.CPU, Action: &c}) }
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
	for _, f := range append(slices.Clip(layoutOf(c.Cmd).fields), field{size: len(c.Contents)}) {
		if f.offset+f.size > len(c.Contents) || zero(c.Contents[f.offset:][:f.size]) {
			continue
		}
		fewer := *c
		fewer.Contents = slices.Clone(c.Contents)
		clear(fewer.Contents[f.offset:][:f.size])
		add(fewer)
	}
	return steps
}

func zero(b []byte) bool { return len(b) == 0 || b[0] == 0 && run(b) == len(b) }
