package sim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Two tasks of two steps have six schedules.
func TestLimit(t *testing.T) {
	for max, want := range map[int]struct {
		runs int
		more bool
	}{0: {0, true}, 5: {5, true}, 6: {6, false}, 7: {6, false}} {
		limited := Limit(NewDFS(Unbounded), max)
		runs, err := Explore(idle(2, 2), limited)
		require.NoError(t, err)
		require.Equal(t, want.runs, runs)
		require.Equal(t, want.more, limited.More(), max)
	}
}
