package explore

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/sim"
)

// replayed is a run of a scenario; forgetful looks at what a write has made only when its operation ends.
func replayed(t *testing.T, text, line string, forgetful bool) *Run {
	t.Helper()
	s, err := Parse(text)
	require.NoError(t, err)
	schedule, err := sim.ParseReplay(line)
	require.NoError(t, err)
	m, run := s.machine(nil)
	if forgetful {
		run.contents = nil
	}
	run.Trace, err = m.Run(schedule)
	var breach *BreachError
	if err != nil {
		require.True(t, errors.As(err, &breach), err)
	}
	return run
}

// A batch returns what a process and a program have made of a value together, which is removed before either has ended.
func TestValuesThatDidNotLast(t *testing.T) {
	const scenario = `map lru_percpu_hash entries=16 value=16
keys 3
walk lookup-batch room=2 cpu=0
program p cpu=1: update 3
task a cpu=0: update 3
task b cpu=1: delete 3
contract no-invention`
	const line = "2:a 9:p 13:walker 18:b"
	run := replayed(t, scenario, line, false)
	require.Equal(t, []model.Pair{{Key: string(run.Scenario.Map.keyOf(3)), Value: string(numbered(3, 8)) + string(numbered(2, 8))}},
		run.History.Walk.Calls[0].Records)
	require.Empty(t, run.Breach)
	require.NotEmpty(t, replayed(t, scenario, line, true).Breach)
}

// A value that a program has half written when a walk takes it never was the key's.
func TestHalfWrittenAndTaken(t *testing.T) {
	const scenario = `map percpu_hash entries=4 value=32
keys 3
walk take-batch room=1 cpu=0
program p cpu=1: write 3
contract no-invention`
	run := replayed(t, scenario, "0:p 2:walker", false)
	require.Contains(t, run.Breach, "1|1|2|1")
	require.Equal(t, PartsTorn, run.parts())
	require.Equal(t, []string{string(numbered(1, 32)), string(numbered(1, 16)) + string(numbered(2, 16))}, written(run, 3))
}

// A program that writes to an element which is not in the map any more writes there alone: neither to the key's next element, nor to nothing.
func TestWrittenToWhatIsGone(t *testing.T) {
	const scenario = `map percpu_hash entries=4 value=16
keys 3
walk next+lookup room=1 cpu=0
program p cpu=1: write 3
task a cpu=0: delete 3; insert 24; insert 3
contract no-invention`
	run := replayed(t, scenario, "0:p 1:a", false)
	require.Equal(t, []string{string(numbered(1, 16)), string(numbered(5, 16)), string(numbered(1, 8)) + string(numbered(2, 8))}, written(run, 3))
}

// written are the values that the history says key had, in its order.
func written(run *Run, key uint32) (values []string) {
	for _, w := range run.History.Writes {
		if w.Key == string(run.Scenario.Map.keyOf(key)) && !w.Removed {
			values = append(values, w.Value)
		}
	}
	return values
}
