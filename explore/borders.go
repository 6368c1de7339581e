package explore

import (
	"slices"
	"strconv"
	"strings"
)

// atBorders moves turns from the middle of operations to where these begin, as long as the contract stays broken: an operation
// that nobody interrupts is told in one line, and can be made on Linux.
func (c Counterexample) atBorders() Counterexample {
	for moved := true; moved; {
		moved = false
		run, err := c.Replay()
		if err != nil {
			return c
		}
		for _, line := range run.withTurnsAtBorders() {
			other := Counterexample{c.Scenario, line}
			again, err := other.Replay()
			if moved = err == nil && again.Trace.Preemptions() <= run.Trace.Preemptions() && again.cuts() < run.cuts(); moved {
				c = other
				break
			}
		}
	}
	return c
}

// withTurnsAtBorders are the run's schedules with one turn moved to where the operation began that it interrupts, and with the next
// turn as much earlier, too.
func (r *Run) withTurnsAtBorders() (lines []string) {
	turns := strings.Fields(r.Trace.String())
	for i, turn := range turns {
		step, _, _ := strings.Cut(turn, ":")
		at, err := strconv.Atoi(step)
		if err != nil {
			continue // "-", of no turns
		}
		earlier := at - r.began(at)
		if earlier == 0 {
			continue
		}
		for next := i; next <= i+1 && next < len(turns); next++ {
			moved := slices.Clone(turns)
			for j := i; j <= next; j++ {
				moved[j] = byEarlier(moved[j], earlier)
			}
			lines = append(lines, strings.Join(moved, " "))
		}
	}
	return lines
}

func byEarlier(turn string, steps int) string {
	at, task, _ := strings.Cut(turn, ":")
	n, _ := strconv.Atoi(at)
	return strconv.Itoa(n-steps) + ":" + task
}

// began is the step at which the operation began that step n interrupts, n where it interrupts none.
func (r *Run) began(n int) int {
	for _, done := range r.Done {
		if n > 0 && done.Task == r.Trace.Tasks[r.Trace.Steps[n-1].Task] && int(done.Start) < n && n <= int(done.End) {
			return int(done.Start)
		}
	}
	return n
}

// cuts is how often an operation is interrupted.
func (r *Run) cuts() int {
	n := 0
	for i := range r.Trace.Steps {
		if i > 0 && r.Trace.Steps[i].Task != r.Trace.Steps[i-1].Task && r.began(i) < i {
			n++
		}
	}
	return n
}
