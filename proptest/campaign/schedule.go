package campaign

import "github.com/bpfsim/bpfsim/sim"

// rows are rows of schedules, one after the other.
type rows []sim.Schedules

// Choose is the first row's choice.
func (r *rows) Choose(c *sim.Choice) int { return (*r)[0].Choose(c) }

// Next turns to the next schedule of the first row that has one.
func (r *rows) Next() bool {
	for len(*r) > 0 {
		if (*r)[0].Next() {
			return true
		}
		*r = (*r)[1:]
	}
	return false
}

// defaultDepth is that of what two preemptions at the right places break.
const defaultDepth = 3

// sampled are n schedules of each kind: of single steps, and of whole calls.
func sampled(seed uint64, n int) sim.Schedules {
	return &rows{
		sim.NewRandom(seed, n), sim.NewPCT(seed, defaultDepth, n), wholeCalls{sim.NewRandom(seed, n)},
	}
}

// wholeCalls switches tasks only between operations and calls.
type wholeCalls struct{ sim.Schedules }

// Choose goes on with an operation that has begun.
func (w wholeCalls) Choose(c *sim.Choice) int {
	if first, _ := c.Tasks[0].Span(); c.Preempts && first >= 0 {
		return 0
	}
	return w.Schedules.Choose(c)
}
