package sim

import "math/bits"

// order finds out what happened before event number j, and has those orders tried in which it comes before an event that raced
// with it.
func (d *DPOR) order(j int) {
	e := &d.events[j]
	e.clock = append(e.clock[:0], make([]int32, d.tasks)...)
	if e.previous >= 0 {
		copy(e.clock, d.events[e.previous].clock)
	}
	var races []int
	for i := j - 1; i >= 0; i-- {
		other := &d.events[i]
		if other.task == e.task || other.before(e.clock) || !other.dependent(e) {
			continue
		}
		if first := d.contended(i, e); first >= 0 {
			races = append(races, first)
		}
		join(e.clock, other.clock)
	}
	e.clock[e.task] = e.number
	for _, first := range races {
		d.reverse(first, j)
	}
}

// contended is the event that e races with where i, which it depends on, is the last one before it: i itself or, where e waited for a
// lock that i held, the one that took the lock, -1 where e could not have come before that.
func (d *DPOR) contended(i int, e *event) int {
	if e.lock == nil {
		return i
	}
	taken := d.events[i].holding(e.lock)
	switch {
	case taken < 0:
		return i
	case d.events[taken].before(e.clock):
		return -1
	}
	return taken
}

// reverse has an order tried in which event number j comes before first: behind what came in between and does not depend on first.
// One task that can begin with these is enough, since it leads to all orders of them.
func (d *DPOR) reverse(first, j int) {
	n := &d.nodes[first]
	can := d.initials(first, j)
	if can&(n.backtrack|n.asleep()) != 0 {
		return
	}
	task := d.events[j].task
	if can>>task&1 == 0 {
		task = bits.TrailingZeros64(can)
	}
	n.backtrack |= 1 << task
}

// initials are the tasks that can take the first step of those between first and j that do not depend on first, and j.
func (d *DPOR) initials(first, j int) (tasks uint64) {
	d.firsts = append(d.firsts[:0], make([]int32, d.tasks)...) // the number of each task's first step; 0: none yet
	for k := first + 1; k <= j; k++ {
		e := &d.events[k]
		if d.firsts[e.task] != 0 || k < j && d.events[first].before(e.clock) {
			continue
		}
		if !follows(e.clock, d.firsts) {
			tasks |= 1 << e.task
		}
		d.firsts[e.task] = e.number
	}
	return tasks
}

// follows tells whether any of the tasks' events happened before the one with that clock.
func follows(clock, events []int32) bool {
	for task, number := range events {
		if number != 0 && number <= clock[task] {
			return true
		}
	}
	return false
}
