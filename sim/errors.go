package sim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// TraceOf is the trace that an error of Machine.Run carries.
func TraceOf(err error) (Trace, bool) {
	var carrier interface{ trace() Trace }
	if !errors.As(err, &carrier) {
		return Trace{}, false
	}
	return carrier.trace(), true
}

func (e *DeadlockError) trace() Trace  { return e.Trace }
func (e *StepLimitError) trace() Trace { return e.Trace }
func (e *PanicError) trace() Trace     { return e.Trace }
func (e *CheckError) trace() Trace     { return e.Trace }
func (e *ChoiceError) trace() Trace    { return e.Trace }

// DeadlockError ends a run in which tasks are left and each waits for a held lock.
type DeadlockError struct {
	Trace Trace
	Waits []Wait
}

// Wait is a task and the lock it waits for; locks are numbered from 1 in the order of Waits.
type Wait struct {
	Task string
	Lock int
}

func (e *DeadlockError) Error() string {
	waits := make([]string, len(e.Waits))
	for i, w := range e.Waits {
		waits[i] = fmt.Sprintf("%s waits for lock %d", w.Task, w.Lock)
	}
	return fmt.Sprintf("deadlock: %s (schedule %v)", strings.Join(waits, ", "), e.Trace)
}

// deadlock is the error of a machine where nobody can go on, nil when all tasks have ended.
func (m *Machine) deadlock() error {
	e := &DeadlockError{Trace: m.referee.trace}
	numbers := map[any]int{}
	for _, t := range m.tasks {
		if t.done {
			continue
		}
		if numbers[t.wants] == 0 {
			numbers[t.wants] = len(numbers) + 1
		}
		e.Waits = append(e.Waits, Wait{Task: t.name, Lock: numbers[t.wants]})
	}
	if len(e.Waits) == 0 {
		return nil
	}
	return e
}

// StepLimitError ends a run that takes more steps than Options.Steps.
type StepLimitError struct{ Trace Trace }

func (e *StepLimitError) Error() string {
	return fmt.Sprintf("no end after %d steps (schedule %v)", len(e.Trace.Steps), e.Trace)
}

// PanicError ends a run in which a body panicked.
type PanicError struct {
	Trace Trace
	Task  string
	Value any
	Stack []byte // of the task, as runtime/debug prints it
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("%s panicked: %v (schedule %v)\n%s", e.Task, e.Value, e.Trace, e.Stack)
}

// Unwrap is the value that the body panicked with, if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// CheckError is the verdict of a Machine.Check.
type CheckError struct {
	Trace Trace
	Err   error
}

func (e *CheckError) Error() string { return fmt.Sprintf("%v (schedule %v)", e.Err, e.Trace) }

// Unwrap is the error that the check returned.
func (e *CheckError) Unwrap() error { return e.Err }

// ChoiceError ends a run whose chooser picked a task that is not there: a replay of another scenario, or a scenario
// that does not do the same thing each time.
type ChoiceError struct {
	Trace  Trace
	Choice int
	// Ready are the names of the tasks that could have been chosen.
	Ready []string
	// Turn is the first turn of a replayed line, as STEP:TASK, that could not be followed.
	Turn string
}

func (e *ChoiceError) Error() string {
	if e.Turn != "" {
		return fmt.Sprintf("the schedule does not fit: %s: %s", e.Turn, e.why())
	}
	return fmt.Sprintf("step %d: choice %d of %d tasks (schedule so far %v)", len(e.Trace.Steps), e.Choice, len(e.Ready), e.Trace)
}

// why says what there is in the place of what the turn wants.
func (e *ChoiceError) why() string {
	number, task, _ := strings.Cut(e.Turn, ":")
	step, _ := strconv.Atoi(number) // ParseReplay has seen it
	switch {
	case !slices.Contains(e.Trace.Tasks, task):
		return fmt.Sprintf("no task %s: the tasks are %s", task, strings.Join(e.Trace.Tasks, ", "))
	case step < len(e.Trace.Steps):
		only := e.Trace.Tasks[e.Trace.Steps[step].Task]
		return fmt.Sprintf("at step %d only %s can go on", step, only)
	case len(e.Ready) > 0:
		return fmt.Sprintf("at step %d %s cannot go on, only %s can", step, task, strings.Join(e.Ready, " and "))
	}
	return fmt.Sprintf("the run has %d steps, 0 to %d", len(e.Trace.Steps), len(e.Trace.Steps)-1)
}
