package sim

import (
	"testing"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// Each step is shown once, with what it did already done and nothing of the next.
func TestObserveSeesEachStepDone(t *testing.T) {
	for _, line := range []string{"-", "1:b 2:a"} {
		var seen []int
		counter := 0
		m := NewMachine(Options{Observe: func(Step) { seen = append(seen, counter) }})
		for _, name := range []string{"a", "b"} {
			m.Spawn(name, 0, func(t *Task) {
				for range 2 {
					t.Step(maps.PointWord)
					counter++
				}
			})
		}
		schedule, err := ParseReplay(line)
		require.NoError(t, err)
		_, err = m.Run(schedule)
		require.NoError(t, err)
		require.Equal(t, []int{1, 2, 3, 4}, seen, line)
	}
}
