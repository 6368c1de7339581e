package explore

import (
	"errors"

	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/sim"
)

// Visit runs the scenario under each of schedules, whatever its contract says of them, and shows every run to visit
// until that returns false. So one exploration can be judged by all contracts at once. The error is that of a machine
// that did not get to a verdict.
func Visit(s Scenario, schedules sim.Schedules, visit func(*Run) bool) (schedulesRun int, err error) {
	if err := s.Check(); err != nil {
		return 0, err
	}
	for schedules.Next() {
		run, err := s.run(schedules)
		if sim.Redundant(err) {
			continue
		}
		schedulesRun++
		if err != nil {
			return schedulesRun, err
		}
		if !visit(run) {
			break
		}
	}
	return schedulesRun, nil
}

// run runs the scenario once. A broken contract is no error.
func (s Scenario) run(chooser sim.Chooser) (*Run, error) {
	m, run := s.machine(nil)
	trace, err := m.Run(chooser)
	run.Trace = trace
	var breach *BreachError
	if errors.As(err, &breach) {
		err = nil
	}
	return run, err
}

// Breaches are the contracts that the run broke, in the order of model.Contracts, and how.
func (r *Run) Breaches() []*BreachError {
	var all []*BreachError
	for _, c := range model.Contracts() {
		if why := c.Check(r.History).Breach; why != "" {
			all = append(all, &BreachError{Contract: c.Name, Breach: why})
		}
	}
	return all
}
