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
		return !w.Evicted && !w.Removed && w.Key == e.Key && (during || first)
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
func TestLinearizabilityAsksOfWhatWasNotEvicted(t *testing.T) {
	const full = "map lru_hash entries=1 value=8\nkeys 1\nwalk take-batch room=2\ntask a cpu=0: update 2\ncontract linearizability\n"
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
	for contract, asks := range map[string]string{"linearizability": "none", "snapshot": "all", "stable-coverage": "some"} {
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

// A walk that returns nothing of what it takes is found out in each kind of map that evicts, also where that is full: each
// eviction is told, so that nothing else can have vanished.
func TestALossIsNoEviction(t *testing.T) {
	contract, _ := model.ContractByName("linearizability")
	full, all := 0, [2]int{}
	for _, change := range explore.GridChanges()["hash"] {
		if !strings.HasPrefix(change.Doc, "full map") {
			continue
		}
		full++
		for _, kind := range []string{"lru_hash", "lru_hash no_common_lru", "hash"} {
			for _, way := range []string{"dump-delete", "dump-delete-bucket", "take-batch", "next+take"} {
				name, flags, _ := strings.Cut(kind, " ")
				s := scenario(t, "map "+name+" entries=2 value=8 "+flags+"\nkeys "+change.Keys+"\nwalk "+way+" room=2 cpu=0\n"+
					strings.Join(change.Tasks, "\n")+"\ncontract linearizability\n")
				schedules, lost := 0, 0
				_, err := explore.Visit(s, sim.NewDFS(1), func(run *explore.Run) bool {
					require.Empty(t, run.Breach, "%s%s", s, run.Trace)
					spoilt := run.History
					spoilt.Walk.Calls = slices.Clone(spoilt.Walk.Calls)
					for i := range spoilt.Walk.Calls {
						spoilt.Walk.Calls[i].Records = nil
					}
					if records(run) > 0 {
						schedules++
						if contract.Check(spoilt).Breach != "" {
							lost++
						}
					}
					return true
				})
				require.NoError(t, err)
				require.Positive(t, lost, s)
				all[0], all[1] = all[0]+schedules, all[1]+lost
			}
		}
	}
	require.Equal(t, 5, full)
	t.Logf("of %d walks of full maps that lost all that they took, %d were blamed: an update may hide what it replaced", all[0], all[1])
}

func records(run *explore.Run) (n int) {
	for _, call := range run.History.Walk.Calls {
		n += len(call.Records)
	}
	return n
}
