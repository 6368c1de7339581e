package sim

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// Shrink looks for a schedule with fewer preemptions that fails with an error of err's type, by leaving out one after
// another until each one is needed, and returns the trace and error of the last that did. err is one of Run's.
func Shrink(scenario Scenario, err error) (Trace, error) {
	return ShrinkRun(func(c Chooser) (Trace, error) { return scenario().Run(c) }, err)
}

// ShrinkRun is Shrink of what runs elsewhere than in a Machine: run runs it once, and its errors carry traces as those of Machine.Run.
func ShrinkRun(run func(Chooser) (Trace, error), err error) (Trace, error) {
	trace, ok := TraceOf(err)
	if !ok {
		panic(fmt.Sprintf("sim: shrink %v, which carries no trace", err))
	}
	for i := 0; i < trace.Preemptions(); i++ {
		for _, turns := range without(trace, i) {
			shorter, again := run(&Replay{turns: turns, loose: true})
			if sameKind(again, err) && shorter.Preemptions() < trace.Preemptions() {
				trace, err, i = shorter, again, -1
				break
			}
		}
	}
	return trace, err
}

// without are a trace's turns but one, with those behind it where they were, and one step earlier.
func without(trace Trace, i int) [2][]turn {
	same := slices.Delete(trace.turns(), i, i+1)
	earlier := slices.Clone(same)
	for j := i; j < len(earlier); j++ {
		earlier[j].step--
	}
	return [2][]turn{same, earlier}
}

// sameKind compares types, for messages contain schedules, and for checks what they wrap, which may be more particular (errors.Is).
func sameKind(a, b error) bool {
	if a == nil || reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	var x, y *CheckError
	if !errors.As(a, &x) || !errors.As(b, &y) {
		return true
	}
	if _, particular := x.Err.(interface{ Is(error) bool }); particular {
		return errors.Is(x.Err, y.Err)
	}
	return reflect.TypeOf(x.Err) == reflect.TypeOf(y.Err)
}
