package explore

import (
	"errors"

	"github.com/bpfsim/bpfsim/sim"
)

// Result is what an exploration found.
type Result struct {
	// Schedules is the number of schedules that were run.
	Schedules int
	// Asked is in how many of them the contract asked something.
	Asked int
	// Broken is the smallest run found that breaks the contract, nil when every schedule kept it.
	Broken *Run
	// Schedule is the line that replays Broken.
	Schedule string
}

// Explore runs the scenario under each of schedules until one breaks the contract, and then looks for the smallest one
// that does. The error is that of a machine that did not get to a verdict: a deadlock, a step limit, a panic.
func Explore(s Scenario, schedules sim.Schedules) (Result, error) {
	var result Result
	var broken *Run
	n, err := Visit(s, schedules, func(r *Run) bool {
		if r.Asked {
			result.Asked++
		}
		if r.Breach != "" {
			broken = r
		}
		return broken == nil
	})
	result.Schedules = n
	if err != nil || broken == nil {
		return result, err
	}
	c, err := s.fewerPreemptions(broken.Trace.String())
	if err != nil {
		return result, err
	}
	c = c.atBorders()
	result.Schedule = c.Schedule
	result.Broken, err = c.Replay()
	return result, err
}

// Replay runs the scenario once under the schedule of the line.
func Replay(s Scenario, line string) (*Run, error) { return replay(s, line, nil) }

// replay is Replay with a look at the run before the first step and behind each one, unless observe is nil.
func replay(s Scenario, line string, observe func(*Run)) (*Run, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	schedule, err := sim.ParseReplay(line)
	if err != nil {
		return nil, err
	}
	m, run := s.machine(observe)
	if observe != nil {
		observe(run)
	}
	run.Trace, err = m.Run(schedule)
	var breach *BreachError
	if errors.As(err, &breach) {
		err = nil
	}
	return run, err
}
