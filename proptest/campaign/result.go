package campaign

import "github.com/bpfsim/bpfsim/proptest/generator"

// result is what came of one program.
type result struct {
	ops       int
	answers   []Answer // to the calls, in order
	evictions int
	mismatch  *Mismatch // shrunk
	err       error
}

// try draws and runs program number i of a seed. What came of it is in r, which is of no use any more.
func (c *comparison) try(o Options, i int, r *result) *result {
	p := generator.Program(o.Seed, uint64(i), c.without(o.machine(i)), o.Types, c.cpus(o.CPUs), programSteps, c.pool)
	*r = result{answers: r.answers[:0]}
	c.result = r
	r.mismatch, r.err = c.run(p)
	c.result = nil
	if r.mismatch != nil {
		r.mismatch = c.shrink(r.mismatch)
		c.pool = new(generator.Pool) // the mismatch keeps parts of its program
	}
	return r
}

// note adds the outcome of a step.
func (r *result) note(e event) {
	r.ops++
	if e.call {
		r.answers = append(r.answers, Answer{e.typ, e.cmd, e.outcome.Errno})
	}
}
