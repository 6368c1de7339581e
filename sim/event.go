package sim

import "github.com/bpfsim/bpfsim/maps"

// event is a step that others may see, with all that the task does before its next such step.
type event struct {
	task     int
	number   int32 // of the task's events, from 1
	previous int   // event of the task, by its place in the run; -1: none
	begins   bool  // it is the first one of a span, or an instant
	ends     bool  // it is the last one of a span, or an instant
	accesses []maps.Access
	touched  uint32 // the resources of accesses, a bit each
	lock     *maps.Lock
	held     []section // while it ran, that of lock included
	// clock is how many events of each task happened before it, those that it is one of included.
	clock []int32
}

// section is the holding of a lock since an event, by its place in the run.
type section struct {
	lock  *maps.Lock
	since int
}

// touch notes an access.
func (e *event) touch(a maps.Access) {
	e.touched |= 1 << a.Of
	if a.Of == maps.Private {
		return
	}
	for i := range e.accesses {
		if e.accesses[i] == a {
			return
		}
	}
	e.accesses = append(e.accesses, a)
}

// dependent tells whether the order of two events of different tasks matters: for what they touch or, to those who compare
// spans, because one may have ended before the other began.
func (e *event) dependent(other *event) bool {
	if e.begins && other.ends || e.ends && other.begins {
		return true
	}
	const whole = 1 << maps.Anything
	if e.touched&other.touched == 0 && (e.touched|other.touched)&whole == 0 {
		return false
	}
	for _, a := range e.accesses {
		for _, b := range other.accesses {
			if a.Conflicts(b) {
				return true
			}
		}
	}
	return false
}

// before tells whether e, by another task, happened before the event whose clock it is.
func (e *event) before(clock []int32) bool { return e.number <= clock[e.task] }

// holding is where the event's task took the lock that the event ran under, -1 where it did not.
func (e *event) holding(lock *maps.Lock) int {
	for _, s := range e.held {
		if s.lock == lock {
			return s.since
		}
	}
	return -1
}

func join(clock, other []int32) {
	for i, n := range other {
		clock[i] = max(clock[i], n)
	}
}
