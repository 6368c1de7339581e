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
	trace, ok := TraceOf(err)
	if !ok {
		panic(fmt.Sprintf("sim: shrink %v, which no machine returned", err))
	}
	for i := 0; i < trace.Preemptions(); {
		shorter, again := scenario().Run(&Replay{turns: slices.Delete(trace.turns(), i, i+1), loose: true})
		if sameKind(again, err) && shorter.Preemptions() < trace.Preemptions() {
			trace, err, i = shorter, again, 0
		} else {
			i++
		}
	}
	return trace, err
}

// sameKind compares types, for messages contain schedules, and for checks what they wrap.
func sameKind(a, b error) bool {
	if a == nil || reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	var x, y *CheckError
	return !errors.As(a, &x) || !errors.As(b, &y) || reflect.TypeOf(x.Err) == reflect.TypeOf(y.Err)
}
