package sim

// Scenario builds a fresh machine, the same one each time, with its tasks and checks. Building is not scheduled.
type Scenario func() *Machine

// Explore runs the scenario once for each schedule, up to the first error, and returns the number of runs.
func Explore(scenario Scenario, schedules Schedules) (runs int, err error) {
	for err == nil && schedules.Next() {
		_, err = scenario().Run(schedules)
		runs++
	}
	return runs, err
}
