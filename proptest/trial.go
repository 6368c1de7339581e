package proptest

// trial is what came of one program.
type trial struct {
	ops       int
	answers   []Answer // to the calls, in order
	evictions int
	mismatch  *Mismatch // shrunk
	err       error
}

// try draws and runs program number i of a seed. What came of it is in t, which is of no use any more.
func (c *contest) try(o Options, i int, t *trial) *trial {
	p := draft(o.Seed, uint64(i), c.without(o.machine(i)), c.cpus(o.CPUs), programSteps, c.paper.fresh())
	*t = trial{answers: t.answers[:0]}
	c.trial = t
	t.mismatch, t.err = c.run(p)
	c.trial = nil
	if t.mismatch != nil {
		t.mismatch = c.shrink(t.mismatch)
		c.paper = new(paper) // the mismatch keeps parts of its program
	}
	return t
}

// note adds the outcome of a step.
func (t *trial) note(e event) {
	t.ops++
	if e.call {
		t.answers = append(t.answers, Answer{e.typ, e.cmd, e.outcome.Errno})
	}
}
