package sim

import (
	"math/rand/v2"
	"slices"
)

// PCT is probabilistic concurrency testing: tasks have random priorities, the highest goes on, and at depth-1 random
// steps the running task falls behind all others. It finds a bug of that depth among n tasks and k steps with
// probability at least 1/(n*k^(depth-1)) (S. Burckhardt et al., "A randomized scheduler with probabilistic guarantees
// of finding bugs", ASPLOS 2010).
type PCT struct {
	seed       uint64
	count      uint64
	limit      uint64
	steps      int // the last question of the longest run seen; 0: no run yet
	rng        rand.PCG
	priorities [maxTasks]uint64 // 0: not drawn yet
	changes    []int            // steps, ascending
	used       int              // changes taken or not to be taken
}

// NewPCT draws count schedules of a depth of at least 1 from a seed. The first one has a depth of 1 and finds out how
// long a run is.
func NewPCT(seed uint64, depth, count int) *PCT {
	p := &PCT{seed: seed, limit: uint64(count), changes: make([]int, max(depth, 1)-1)}
	p.draw()
	return p
}

// Next turns to the next schedule.
func (p *PCT) Next() bool {
	if p.count == p.limit {
		return false
	}
	p.draw()
	p.count++
	return true
}

func (p *PCT) draw() {
	p.rng.Seed(p.seed, p.count)
	clear(p.priorities[:])
	if p.steps == 0 {
		p.used = len(p.changes)
		return
	}
	p.used = 0
	for i := range p.changes {
		p.changes[i] = 1 + below(&p.rng, p.steps)
	}
	slices.Sort(p.changes)
}

// Choose picks the task with the highest priority.
func (p *PCT) Choose(c *Choice) int {
	p.steps = max(p.steps, c.Step)
	p.change(c)
	best := 0
	for i, t := range c.Tasks {
		if p.priority(t) > p.priority(c.Tasks[best]) {
			best = i
		}
	}
	return best
}

// change takes the change points that the run has reached: the later one, the lower the priority it leaves.
func (p *PCT) change(c *Choice) {
	for c.Preempts && p.used < len(p.changes) && p.changes[p.used] <= c.Step {
		p.priorities[c.Tasks[0].index] = uint64(len(p.changes) - p.used)
		p.used++
	}
}

// priority is at least 2^63 until a change point lowers it.
func (p *PCT) priority(t *Task) uint64 {
	if p.priorities[t.index] == 0 {
		p.priorities[t.index] = p.rng.Uint64() | 1<<63
	}
	return p.priorities[t.index]
}
