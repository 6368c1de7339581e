package kernelprogs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernelprogs"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

func needKernel(t *testing.T) {
	t.Helper()
	if err := kernel.Available(); err != nil {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_KERNEL"), err)
		t.Skip(err)
	}
}

// play plays what a run did on Linux; false when it takes steps inside of calls.
func play(t *testing.T, run *explore.Run) (*explore.Run, bool) {
	t.Helper()
	script, err := run.Whole()
	if errors.Is(err, explore.ErrSubCall) {
		return nil, false
	}
	require.NoError(t, err)
	var linux *explore.Run
	require.NoError(t, kernel.OnLinux(kernelprogs.Run, func(stage explore.Stage) { linux, err = script.Play(stage) }))
	require.NoError(t, err, run.Scenario)
	return linux, true
}

// Every order of whole calls and whole programs gives the same bytes on Linux as on bpfsim.
func TestProgramsOnLinux(t *testing.T) {
	needKernel(t)
	tests := map[string]string{
		"updates move a key":                "map hash entries=16 value=8\nkeys 3 22\nwalk next+lookup room=1\nprogram p cpu=1: update 3; delete 22; insert 22",
		"errnos":                            "map hash entries=2 value=8\nkeys 3 22\nwalk dump room=2\nprogram p cpu=1: insert 3; delete 24; insert 35; read 35; write 35",
		"in place":                          "map hash entries=16 value=16\nkeys 3 22\nwalk lookup-batch room=2\nprogram p cpu=1: write 3; write 22",
		"a lookup keeps an LRU element":     "map lru_hash entries=2 value=8\nkeys 3 22\nwalk dump room=1 cpu=0\nprogram p cpu=1: read 3\ntask a cpu=1: insert 24",
		"LRU lists of each CPU":             "map lru_hash entries=4 value=8 no_common_lru\nkeys 3\nwalk dump-bucket room=2 cpu=0\nprogram p cpu=1: update 22; update 24; update 35",
		"array":                             "map array entries=2 value=16\nkeys 0 1\nwalk dump room=1\nprogram p cpu=1: write 1; update 0; insert 0; delete 1; read 7",
		"a CPU's part":                      "map percpu_hash entries=16 value=16\nkeys 3 22\nwalk next+lookup room=1\nprogram p cpu=1: update 3; write 22; insert 35; delete 3",
		"parts of an array":                 "map percpu_array entries=2 value=32\nkeys 0 1\nwalk lookup-batch room=1\nprogram p cpu=1: write 1; update 0; insert 0; delete 1\ntask a cpu=0: update 1",
		"parts in an LRU map":               "map lru_percpu_hash entries=2 value=16\nkeys 3 22\nwalk dump room=1\nprogram p cpu=1: update 3; insert 24; update 35",
		"prefixes":                          "map lpm_trie entries=4 value=8\nkeys 4 5 2\nwalk next+lookup room=1\nprogram p cpu=1: update 5; insert 4; delete 2; insert 1; read 9",
		"taken between a lookup and others": "map hash entries=16 value=8\nkeys 3 22\nwalk take-batch room=2\nprogram p cpu=1: write 3; read 3",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := explore.Parse(text + "\ncontract snapshot")
			require.NoError(t, err)
			played := 0
			_, err = explore.Visit(s, sim.NewDFS(1), func(run *explore.Run) bool {
				if linux, whole := play(t, run); whole {
					require.True(t, run.Agrees(linux), "%s\nLinux: %v\nbpfsim: %v", run.Trace, linux.Done, run.Done)
					played++
				}
				return true
			})
			require.NoError(t, err)
			require.Positive(t, played)
			t.Logf("%d schedules", played)
		})
	}
}

// The counterexamples that need a program stop it between two of its steps, which user space cannot do on Linux; one that
// does not would have to be shown there.
func TestCounterexamplesWithPrograms(t *testing.T) {
	needKernel(t)
	files, err := filepath.Glob("../../explore/testdata/guarantees/*.txt")
	require.NoError(t, err)
	programs := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		c, err := explore.ParseCounterexample(string(text))
		require.NoError(t, err)
		if !c.Scenario.NeedsProgram() {
			continue
		}
		programs++
		run, err := c.Replay()
		require.NoError(t, err)
		if linux, whole := play(t, run); whole {
			require.True(t, run.Agrees(linux), file)
		}
	}
	require.Positive(t, programs)
}
