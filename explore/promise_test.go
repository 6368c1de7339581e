package explore_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

// The promises are those of the page's cells, for maps with and without a program that writes in place.
func TestPromisesAreThePage(t *testing.T) {
	found := readCounterexamples(t)
	eachWalk(t, func(t *testing.T, kind explore.Kind, way explore.Way) {
		for _, tasks := range []string{"task a cpu=1: update 1", "program p cpu=1: read 1", "program p cpu=1: write 1"} {
			s := scenario(t, "map hash entries=2 value=8\nkeys 1\nwalk next+lookup room=1 cpu=0\n"+tasks+"\ncontract snapshot")
			s.Map.Type, s.Map.Flags, s.Walk.Way = kind.Type, kind.Flags, way.Name
			for _, contract := range model.Contracts() {
				require.Equal(t, found.holds(kind, s, contract.Name), s.Promises(contract.Name), "%s%s", s, contract.Name)
			}
		}
	})
}

// With a list for each CPU, Linux rounds max_entries up to a multiple of them: a map of 1 entry holds 3 here, and a walk
// may return as many. Found by the fuzzer.
func TestPromisesOfRoundedEntries(t *testing.T) {
	s := scenario(t, `
map lru_hash entries=1 value=8 no_common_lru
keys 24
walk dump-bucket room=1 cpu=0
program t0 cpu=2: update 34; update 3
contract bounded-termination
`)
	require.True(t, s.Promises("bounded-termination"))
	most := 0
	_, err := explore.Visit(s, sim.NewDPOR(), func(r *explore.Run) bool {
		require.Empty(t, r.Breach)
		records := 0
		for _, call := range r.History.Walk.Calls {
			records += len(call.Records)
		}
		most = max(most, records)
		return true
	})
	require.NoError(t, err)
	require.Greater(t, most, 1)
}
