package counters

import (
	"flag"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/live"
)

// linux skips the test where bpf(2) is refused.
func linux(t *testing.T) live.Machine {
	t.Helper()
	m, err := live.Linux()
	if err != nil {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_KERNEL"), err)
		t.Skip(err)
	}
	return m
}

var walks = flag.Int("walks", 20, "walks of each case")

// Programs take no lock of the map: its walks keep the contracts that do not ask for values.
func TestWalksWhileProgramsCount(t *testing.T) {
	m := linux(t)
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()))
	var results []live.Result
	for _, shape := range live.Shapes() {
		for _, mix := range Mixes() {
			for _, c := range live.CasesOf(m, shape, mix) {
				result, err := live.Stress(m, c, *walks)
				require.NoError(t, err, c)
				require.NoError(t, result.Kept())
				require.Positive(t, result.Writes, c)
				results = append(results, result)
			}
		}
	}
	t.Log("walks that broke a contract:\n" + live.Table(results))
}

// What a program did in place is there for a walk, and the history has it.
func TestCountersCount(t *testing.T) {
	m := linux(t)
	result, err := live.Stress(m, live.Case{Shape: live.Shapes()[0], Walk: explore.Walk{Way: "lookup-batch", Room: 4}, Mix: Mixes()[0]}, 1)
	require.NoError(t, err)
	require.Empty(t, result.Broken["no-invention"], result.Example)
}
