package explore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

// failing is a walk whose first call faults, or is interrupted, of a map that nobody changes.
func failing(t *testing.T, kind explore.Kind, way explore.Way, fault int, task string) explore.Scenario {
	s := scenario(t, fmt.Sprintf("map hash entries=16 value=16\nkeys 4 5 3\nwalk %s room=2 cpu=0 fault=%d\ntask a cpu=1: %s\ncontract snapshot\n",
		"next+lookup", fault, task))
	s.Map.Type, s.Map.Flags, s.Walk.Way = kind.Type, kind.Flags, way.Name
	require.NoError(t, s.Check())
	return s
}

// Where a buffer faults, LOOKUP_AND_DELETE_BATCH and LOOKUP_AND_DELETE_ELEM lose what they have taken, on Linux too; the dumps
// that delete do not. Whatever the walk, it goes on, and keeps its other promises.
func TestFaultsOfWalks(t *testing.T) {
	lossy := map[string]bool{"take-batch": true, "next+take": true}
	eachWalk(t, func(t *testing.T, kind explore.Kind, way explore.Way) {
		s := failing(t, kind, way, 1, "")
		runs := 0
		_, err := explore.Visit(s, sim.NewDFS(sim.Unbounded), func(run *explore.Run) bool {
			runs++
			require.Contains(t, run.Done[0].Text, "EFAULT")
			requireBroken(t, run, lossy[way.Name], "fault")
			if lossy[way.Name] && (!s.Map.ByCPU() || linuxHas(s)) {
				requireOnLinux(t, run)
			}
			return true
		})
		require.NoError(t, err)
		require.Equal(t, 1, runs, "nobody else is about")
	})
}

// A dump that deletes and is interrupted does not say how much it has returned: that is lost. Nothing else knows signals.
func TestSignalsToWalks(t *testing.T) {
	eachWalk(t, func(t *testing.T, kind explore.Kind, way explore.Way) {
		dump := strings.HasPrefix(way.Name, "dump")
		lost, interrupted := 0, 0
		_, err := explore.Visit(failing(t, kind, way, 0, "signal"), sim.NewDFS(sim.Unbounded), func(run *explore.Run) bool {
			for _, call := range run.History.Walk.Calls {
				if call.Failed == abi.EINTR {
					interrupted++
				}
			}
			broken := len(run.Breaches()) > 0
			if broken {
				lost++
			}
			requireBroken(t, run, broken, "signal")
			return true
		})
		require.NoError(t, err)
		require.Equal(t, dump, interrupted > 0, "only dumps ask for signals")
		require.Equal(t, dump && way.Removes, lost > 0)
	})
}

// requireBroken checks that linearizability is what the run breaks, if it breaks anything.
func requireBroken(t *testing.T, run *explore.Run, broken bool, why string) {
	t.Helper()
	var names []string
	for _, breach := range run.Breaches() {
		names = append(names, breach.Contract)
	}
	if broken {
		require.Subset(t, []string{"linearizability", "stable-coverage", "stable-exactness", "snapshot"}, names, why)
		require.Contains(t, names, "linearizability", "%s%v", run.Scenario, run.Done)
		return
	}
	require.Empty(t, names, "%s%v", run.Scenario, run.Done)
}

// linuxHas reports whether the machine has as many CPUs as the scenario.
func linuxHas(s explore.Scenario) bool {
	return explore.NewStage(s.CPUs()).CPUs() == kernel.PossibleCPUs()
}

// requireOnLinux checks that Linux does the same.
func requireOnLinux(t *testing.T, run *explore.Run) {
	t.Helper()
	needKernel(t)
	script, err := run.Whole()
	require.NoError(t, err)
	linux := playOnLinux(t, script)
	require.True(t, run.Agrees(linux), "%sLinux: %v\nbpfsim: %v", run.Scenario, linux.Done, run.Done)
	contract, _ := model.ContractByName("linearizability")
	require.NotEmpty(t, contract.Check(linux.History).Breach)
}
