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
contract linearizability`
	run := replayed(t, scenario, "0:p 2:walker", false)
	require.Contains(t, run.Breach, "taken:1|1|2|1")
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

// Each write is what it has made of the value, whatever others did since it began, and whatever its task did before.
func TestWhatAWriteHasMade(t *testing.T) {
	value := func(a, b uint64) string { return string(numbered(a, 8)) + string(numbered(b, 8)) }
	for _, c := range []struct{ about, kind, tasks, line string }{
		{"the last step changes", "percpu_hash", "program p cpu=1: write 3\nprogram q cpu=0: write 3", "0:p 1:q 3:p"},
		{"a step before the last changes", "lru_percpu_hash", "program p cpu=1: update 3\nprogram q cpu=0: update 3", "0:p 1:q 6:p"},
	} {
		run := replayed(t, "map "+c.kind+" entries=16 value=16\nkeys 3\nwalk lookup-batch room=2 cpu=0\n"+c.tasks+"\ncontract snapshot", c.line, false)
		require.Equal(t, []string{value(1, 1), value(3, 1), value(3, 2)}, written(run, 3), "%s: %s", c.about, run.Story())
	}
	run := replayed(t, `map percpu_hash entries=16 value=16
keys 3
walk lookup-batch room=2 cpu=0
program p cpu=1: write 3; write 3
task a cpu=0: delete 3
contract snapshot`, "0:p 3:a", false)
	require.Equal(t, []string{value(1, 1), value(1, 2), value(1, 3)}, written(run, 3), "%s", run.Story())
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
