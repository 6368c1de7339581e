package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Replay follows a schedule written down by Trace.String.
type Replay struct {
	turns []turn
	taken int
	used  bool
	loose bool // a turn waits until its task can go on: earlier turns have been left out
}

// ParseReplay reads the line of a Trace.
func ParseReplay(line string) (*Replay, error) {
	r := &Replay{}
	if strings.TrimSpace(line) == "-" {
		return r, nil
	}
	for _, field := range strings.Fields(line) {
		if err := r.parse(field); err != nil {
			return nil, fmt.Errorf("parse schedule: %w", err)
		}
	}
	return r, nil
}

func (r *Replay) parse(field string) error {
	number, task, _ := strings.Cut(field, ":")
	step, err := strconv.Atoi(number)
	if err != nil || step < 0 || !validName(task) {
		return fmt.Errorf("%q is not STEP:TASK", field)
	}
	if n := len(r.turns); n > 0 && step <= r.turns[n-1].step {
		return fmt.Errorf("step %d stands behind step %d", step, r.turns[n-1].step)
	}
	r.turns = append(r.turns, turn{step, task})
	return nil
}

// Choose returns 0 except where the line says otherwise, and -1 when the task that it names cannot go on.
func (r *Replay) Choose(c *Choice) int {
	if r.taken == len(r.turns) || r.turns[r.taken].step > c.Step {
		return 0
	}
	t := r.turns[r.taken]
	i := slices.IndexFunc(c.Tasks, func(other *Task) bool { return other.name == t.task })
	switch {
	case r.loose && i < 0:
		return 0
	case i < 0 || !r.loose && t.step < c.Step:
		return -1
	}
	r.taken++
	return i
}

// done reports whether the run has taken every turn of the line; a shorter run was not the one written down.
func (r *Replay) done() bool { return r.loose || r.taken == len(r.turns) }

// turn is the next turn to take, as it stands in the line.
func (r *Replay) turn() string {
	t := r.turns[r.taken]
	return fmt.Sprintf("%d:%s", t.step, t.task)
}

// Next reports true once: a line is one schedule.
func (r *Replay) Next() bool {
	next := !r.used
	r.used = true
	return next
}
