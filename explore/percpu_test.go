package explore_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/sim"
)

// perCPUScenario is a walk of two keys, which share a bucket of a hash, while another CPU's process updates them.
func perCPUScenario(t *testing.T, kind, way, tasks string) explore.Scenario {
	t.Helper()
	keys := "3 22"
	if kind == "percpu_array" {
		keys = "0 1"
	}
	s, err := explore.Parse(fmt.Sprintf("map %s entries=16 value=16\nkeys %s\nwalk %s room=1 cpu=0\n%s\ncontract snapshot\n",
		kind, keys, way, tasks))
	require.NoError(t, err)
	return s
}

// brokenIn are the contracts that some schedule breaks.
func brokenIn(t *testing.T, s explore.Scenario) map[string]bool {
	t.Helper()
	broken := map[string]bool{}
	n, err := explore.Visit(s, sim.NewDPOR(), func(r *explore.Run) bool {
		for _, breach := range r.Breaches() {
			broken[breach.Contract] = true
		}
		return true
	})
	require.NoError(t, err)
	require.Greater(t, n, 2)
	return broken
}

// An update in place does not move its key, so a walk key by key loses and doubles none, which of HASH it does. But it may
// see some CPUs' parts before the update and others' behind it; a batch may not, since it holds the bucket's lock.
func TestWalksOfPerCPUMaps(t *testing.T) {
	for _, kind := range []string{"percpu_hash", "lru_percpu_hash"} {
		t.Run(kind, func(t *testing.T) {
			const updates = "task a cpu=1: update 3"
			broken := brokenIn(t, perCPUScenario(t, kind, "next+lookup", updates))
			require.False(t, broken["stable-coverage"] || broken["no-duplicates"] || broken["bounded-termination"], broken)
			require.True(t, broken["no-invention"], "torn across CPUs")
			broken = brokenIn(t, perCPUScenario(t, kind, "lookup-batch", updates))
			require.False(t, broken["stable-coverage"] || broken["no-duplicates"] || broken["no-invention"], broken)
		})
	}
	moved := perCPUScenario(t, "hash", "next+lookup", "task a cpu=1: update 3")
	require.True(t, brokenIn(t, moved)["stable-coverage"])
	array := brokenIn(t, perCPUScenario(t, "percpu_array", "lookup-batch", "task a cpu=1: update 1"))
	require.True(t, array["no-invention"], "no lock keeps a batch of an array from a torn value")
	require.False(t, array["stable-coverage"])
}

// Each order of whole calls gives the same on Linux.
func TestPerCPUWalksOnLinux(t *testing.T) {
	needKernel(t)
	if kernel.PossibleCPUs() != 2 {
		t.Skip("the scenarios are for 2 CPUs")
	}
	for _, kind := range []string{"percpu_hash", "lru_percpu_hash", "percpu_array"} {
		for _, way := range []string{"next+lookup", "lookup-batch", "dump"} {
			s := perCPUScenario(t, kind, way, "task a cpu=1: update 22; delete 3")
			played := 0
			_, err := explore.Visit(s, sim.NewDFS(1), func(run *explore.Run) bool {
				script, err := run.Whole()
				if errors.Is(err, explore.ErrSubCall) {
					return true
				}
				require.NoError(t, err)
				linux := playOnLinux(t, script)
				require.True(t, run.Agrees(linux), "%sLinux: %v\nbpfsim: %v", s, linux.Done, run.Done)
				played++
				return played < 10
			})
			require.NoError(t, err)
			require.Positive(t, played, "%s %s", kind, way)
		}
	}
}

// The page has no tables of the flags of per-CPU hashes, because they break nothing else, but that BPF_F_NO_PREALLOC miscounts as in a HASH.
func TestPerCPUFlagsBreakNothingMore(t *testing.T) {
	long(t)
	for _, kinds := range [][2]explore.Kind{
		{{Name: "PERCPU_HASH", Type: abi.PerCPUHash}, {Name: "no_prealloc", Type: abi.PerCPUHash, Flags: abi.FlagNoPrealloc}},
		{{Name: "LRU_PERCPU_HASH", Type: abi.LRUPerCPUHash}, {Name: "no_common_lru", Type: abi.LRUPerCPUHash, Flags: abi.FlagNoCommonLRU}},
	} {
		for _, way := range kinds[0].Ways() {
			plain, err := explore.Grid(kinds[0], way)
			require.NoError(t, err)
			flagged, err := explore.Grid(kinds[1], way)
			require.NoError(t, err)
			names := func(row explore.Row) []string { return slices.Sorted(maps.Keys(row.Broken)) }
			want := names(plain)
			if kinds[1].Flags&abi.FlagNoPrealloc != 0 {
				want = slices.Sorted(slices.Values(append(want, "capacity")))
			}
			require.Equal(t, want, names(flagged), "%s, %s", kinds[1].Name, way.Name)
			require.Equal(t, plain.Parts, flagged.Parts, "%s, %s", kinds[1].Name, way.Name)
		}
	}
}

func TestPerCPUScenariosThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		"map percpu_hash entries=4 value=8\nwalk dump room=1 cpu=0\ntask a cpu=1: update 1\ncontract snapshot\n": "multiple of 16",
		"map lpm_trie entries=4 value=8\nwalk dump room=1 cpu=0\nprogram p cpu=1: write 1\ncontract snapshot\n":  "may find another key",
	} {
		_, err := explore.Parse(text)
		require.ErrorContains(t, err, want)
	}
}
