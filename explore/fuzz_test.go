package explore_test

import (
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/generator"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Everything that the target needs is in this file: oss-fuzz/build.sh builds it without the other tests.

// FuzzWalk lets the fuzzer make rapid's choices: a scenario, and a schedule for it, under which what docs/guarantees.md
// promises must hold. The schedule is drawn as a whole before the run, because rapid ends what asks for more than the
// input has by a panic, and tasks keep panics for themselves.
func FuzzWalk(f *testing.F) {
	scenarios := generator.Scenarios()
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		s := scenarios.Draw(t, "scenario")
		// A slice of slices, because rapid's slices are short on average.
		parts := rapid.SliceOf(rapid.SliceOf(rapid.Byte())).Draw(t, "schedule")
		schedule := &listed{choices: slices.Concat(parts...)}
		_, err := explore.Visit(s, schedule, func(run *explore.Run) bool {
			for _, breach := range run.Breaches() {
				require.False(t, s.Promises(breach.Contract), "%v\n%sschedule %v", breach, s, run.Trace)
			}
			return true
		})
		require.NoError(t, err)
	}))
}

// listed is one schedule of the listed choices, of which one in four switches, and behind them none.
type listed struct {
	choices []byte
	sim.First
}

func (l *listed) Choose(c *sim.Choice) int {
	if len(l.choices) == 0 {
		return 0
	}
	choice := int(l.choices[0])
	l.choices = l.choices[1:]
	if choice%4 != 3 {
		return 0
	}
	return choice / 4 % len(c.Tasks)
}
