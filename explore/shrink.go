package explore

import (
	"slices"

	"github.com/bpfsim/bpfsim/sim"
)

// Shrink leaves out of a scenario what is not needed to break its contract: tasks, operations, keys, room, entries and
// bytes of the value, one after another, as long as some schedule still breaks it. schedules is called for each try and
// bounds what is meant by "some". The result is the smallest scenario, in which no part can be left out, with what its
// exploration found; or s itself when no schedule breaks it.
func Shrink(s Scenario, schedules func() sim.Schedules) (Scenario, Result, error) {
	result, err := Explore(s, schedules())
	for broken := result.Broken != nil; broken; {
		broken = false
		for _, smaller := range s.smaller() {
			// A try that is no scenario, or whose machine stops, is one that does not break the contract.
			if r, err := Explore(smaller, schedules()); err == nil && r.Broken != nil {
				s, result, broken = smaller, r, true
				break
			}
		}
	}
	return s, result, err
}

// smaller lists the scenarios with one part less, those with much less first.
func (s Scenario) smaller() []Scenario {
	all := s.withLessTasks()
	for i := range s.Keys {
		less := s
		less.Keys = without(s.Keys, i)
		all = append(all, less)
	}
	if s.Walk.Fault != 0 {
		less := s
		less.Walk.Fault = 0
		all = append(all, less)
	}
	for _, n := range []uint32{s.Map.Entries / 2, s.Map.Entries - 1} {
		less := s
		less.Map.Entries = n
		all = append(all, less)
	}
	for _, n := range []int{s.Walk.Room / 2, s.Walk.Room - 1} {
		less := s
		less.Walk.Room = n
		all = append(all, less)
	}
	if s.Map.Key != 0 {
		less := s
		less.Map.Key = s.Map.Key / 2 / keyBytes * keyBytes
		all = append(all, less)
	}
	less := s
	if less.Map.Value--; s.Map.Value%8 == 0 {
		less.Map.Value = s.Map.Value - 8
	}
	return append(all, less)
}

// withLessTasks leaves out a task, or an operation of one.
func (s Scenario) withLessTasks() []Scenario {
	var all []Scenario
	for i := range s.Tasks {
		less := s
		less.Tasks = without(s.Tasks, i)
		all = append(all, less)
	}
	for i, t := range s.Tasks {
		for j := range t.Ops {
			less, task := s, t
			task.Ops = without(t.Ops, j)
			less.Tasks = slices.Clone(s.Tasks)
			less.Tasks[i] = task
			all = append(all, less)
		}
	}
	return all
}

// without is list without element i, in memory of its own.
func without[T any](list []T, i int) []T { return slices.Delete(slices.Clone(list), i, i+1) }
