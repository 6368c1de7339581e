package explore

import "slices"

// Condition is what it takes to break a contract, beyond others that change the map by calls and helpers.
type Condition string

// The conditions, in the order in which a cell of docs/guarantees.md names them.
const (
	Always  Condition = ""
	InPlace Condition = "in place"
	Fault   Condition = "fault"
	Signal  Condition = "signal"
)

// Conditions are all of them.
func Conditions() []Condition { return []Condition{Always, InPlace, Fault, Signal} }

// meets reports whether the condition is there in the scenario.
func (s Scenario) meets(c Condition) bool {
	switch c {
	case InPlace:
		return s.has("write")
	case Fault:
		return s.Walk.Fault != 0
	case Signal:
		return s.has("signal")
	}
	return true
}

// condition is the one that the scenario needs, if it is one of the grid's: there it is one at most.
func (s Scenario) condition() Condition {
	for _, c := range Conditions()[1:] {
		if s.meets(c) {
			return c
		}
	}
	return Always
}

// has reports whether somebody does such an operation.
func (s Scenario) has(verb string) bool {
	return slices.ContainsFunc(s.Tasks, func(t Task) bool {
		return slices.ContainsFunc(t.Ops, func(op Op) bool { return op.Verb == verb })
	})
}

// failures is how many calls of the walk a fault or a signal may end at most.
func (s Scenario) failures() int {
	n := min(s.Walk.Fault, 1)
	for _, t := range s.Tasks {
		for _, op := range t.Ops {
			if op.Verb == "signal" {
				n++
			}
		}
	}
	return n
}
