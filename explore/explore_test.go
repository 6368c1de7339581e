package explore_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

func scenario(t *testing.T, text string) explore.Scenario {
	t.Helper()
	s, err := explore.Parse(text)
	require.NoError(t, err)
	return s
}

// The anomalies that Linux 6.18 shows step by step (keys 13 and 1 share a bucket of 8, 30 and 48 too).
func TestExploreFindsTheAnomalies(t *testing.T) {
	tests := map[string]string{
		"missed key": "map hash entries=8 value=8\nkeys 1 30\nwalk next+lookup room=1 cpu=0\n" +
			"task other cpu=1: update 1\ncontract stable-coverage",
		"duplicate": "map hash entries=8 value=8\nkeys 4 1\nwalk dump room=1 cpu=0\n" +
			"task other cpu=1: delete 1\ncontract no-duplicates",
		"endless walk": "map hash entries=2 value=8\nkeys 0 1\nwalk next+lookup room=1 cpu=0\n" +
			"task other cpu=1: delete 1; insert 1; delete 1; insert 1; delete 1; insert 1; delete 1; insert 1\ncontract bounded-termination",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			result, err := explore.Explore(scenario(t, text), sim.NewDFS(sim.Unbounded))
			require.NoError(t, err)
			require.NotNil(t, result.Broken)
			t.Logf("%d schedules, %s: %s", result.Schedules, result.Schedule, result.Broken.Breach)
			for _, done := range result.Broken.Done {
				t.Logf("%3d-%3d %-8s %s", done.Start, done.End, done.Task, done.Text)
			}
			again, err := explore.Replay(scenario(t, text), result.Schedule)
			require.NoError(t, err)
			require.Equal(t, result.Broken.Done, again.Done)
			require.Equal(t, result.Broken.Breach, again.Breach)
		})
	}
}
