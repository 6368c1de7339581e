package sim

import (
	"errors"
	"fmt"
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
	e := &DeadlockError{Trace: m.trace}
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
	Tasks  int // how many could have been chosen
}

func (e *ChoiceError) Error() string {
	return fmt.Sprintf("step %d: the schedule does not fit: choice %d of %d (schedule so far %v)",
		len(e.Trace.Steps), e.Choice, e.Tasks, e.Trace)
}
