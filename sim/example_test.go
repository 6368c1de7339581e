package sim_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/sim"
)

// Two tasks add to a counter without a lock. Every schedule is tried until an update is lost, and the schedule that
// lost it is shrunk to what it takes.
func Example() {
	scenario := func() *sim.Machine {
		m := sim.NewMachine(sim.Options{CPUs: 2})
		counter := 0
		add := func(t *sim.Task) {
			t.Step(maps.PointWord)
			seen := counter
			t.Step(maps.PointWord)
			counter = seen + 1
		}
		m.Spawn("alice", 0, add)
		m.Spawn("bob", 1, add)
		m.Check(func() error {
			if counter != 2 {
				return fmt.Errorf("counter is %d", counter)
			}
			return nil
		})
		return m
	}
	_, err := sim.Explore(scenario, sim.NewDFS(sim.Unbounded))
	_, err = sim.Shrink(scenario, err)
	fmt.Println(err)
	// Output: counter is 1 (schedule 1:bob)
}
