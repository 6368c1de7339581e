package sim

import "errors"

// Scenario builds a fresh machine, the same one each time, with its tasks and checks. Building is not scheduled.
type Scenario func() *Machine

// Explore runs the scenario once for each schedule, up to the first error, and returns the number of runs.
func Explore(scenario Scenario, schedules Schedules) (runs int, err error) {
	for err == nil && schedules.Next() {
		if _, err = scenario().Run(schedules); Redundant(err) {
			err = nil
			continue
		}
		runs++
	}
	return runs, err
}

// Redundant tells whether a run ended with err because other schedules have shown all that it could have shown (DPOR): it is none.
func Redundant(err error) bool { return errors.Is(err, errRedundant) }
