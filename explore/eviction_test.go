package explore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// evictions are the keys that the map of a run lost by itself and that nobody put back in the same call.
func evictions(run *explore.Run) (keys []string) {
	putBack := func(e, w model.Write) bool {
		during := w.Start <= e.End && e.Start <= w.End
		first := e.End < 0 && w.Start == e.End+1 // keys are put in at single instants
		return !w.Evicted && w.Key == e.Key && (during || first)
	}
	for _, e := range run.History.Writes {
		same := func(w model.Write) bool { return putBack(e, w) }
		if e.Evicted && !slices.ContainsFunc(run.History.Writes, same) {
			keys = append(keys, e.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

// What an LRU map says it evicted is what a kernel that says nothing turns out to have lost.
func TestEvictionsAreTold(t *testing.T) {
	most := 0
	for _, kind := range explore.Kinds()[2:4] {
		for _, way := range kind.Ways() {
			rapid.Check(t, func(t *rapid.T) {
				s := drawWalk(t, kind, way)
				var run *explore.Run
				_, err := explore.Visit(s, wholeChoices{drawSchedule(t)}, func(r *explore.Run) bool { run = r; return false })
				require.NoError(t, err)
				script, err := run.Whole()
				require.NoError(t, err)
				played, err := script.Play(explore.NewStage(s.CPUs()))
				require.NoError(t, err)
				require.Equal(t, evictions(run), evictions(played), "%sschedule %s", s, run.Trace)
				most = max(most, len(evictions(run)))
			})
		}
	}
	require.Positive(t, most)
}

// A pair that was evicted is not missed, and one that the walk lost is, in the same kind of map.
func TestConservationAsksOfWhatWasNotEvicted(t *testing.T) {
	const full = "map lru_hash entries=1 value=8\nkeys 1\nwalk take-batch room=2\ntask a cpu=0: update 2\ncontract conservation\n"
	result, err := explore.Explore(scenario(t, full), sim.NewDFS(sim.Unbounded))
	require.NoError(t, err)
	require.Nil(t, result.Broken)
	require.Equal(t, result.Schedules, result.Asked)
	roomy := strings.NewReplacer("entries=1", "entries=4", "task a cpu=0: update 2", "program p cpu=1: write 1").Replace(full)
	result, err = explore.Explore(scenario(t, roomy), sim.NewDFS(sim.Unbounded))
	require.NoError(t, err)
	require.NotNil(t, result.Broken)
}

// Explore counts the schedules in which the contract asked something.
func TestExploreCountsWhatWasAsked(t *testing.T) {
	for contract, asks := range map[string]string{"conservation": "none", "snapshot": "all", "stable-coverage": "some"} {
		s := scenario(t, "map hash entries=8 value=8\nkeys 1\nwalk dump-bucket room=1\ntask a cpu=1: delete 1\ncontract "+contract)
		result, err := explore.Explore(s, sim.NewDFS(sim.Unbounded))
		require.NoError(t, err)
		require.Nil(t, result.Broken)
		got := "some"
		switch result.Asked {
		case 0:
			got = "none"
		case result.Schedules:
			got = "all"
		}
		require.Equal(t, asks, got, "%s: %d of %d", contract, result.Asked, result.Schedules)
	}
}
