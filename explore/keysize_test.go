package explore_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

// GET_NEXT_KEY copies a key without a lock, from an element that is another key's by then: long keys come in pieces of two, as
// on Linux (live, TestLinuxReturnsKeysThatNobodyWrote).
func TestLongKeysComeInPieces(t *testing.T) {
	const text = "map hash entries=1 value=8 key=256\nkeys 3\nwalk next+lookup room=1 cpu=0\ntask a cpu=0: delete 3; insert 22\ntask b cpu=1:\ncontract snapshot\n"
	torn := 0
	_, err := explore.Visit(scenario(t, text), sim.NewDFS(1), func(run *explore.Run) bool {
		for _, call := range run.History.Walk.Calls {
			cut := len(call.Cursor) == 256 && call.Cursor[:4] != call.Cursor[252:]
			if cut {
				torn++
				require.Empty(t, call.Records, "nobody wrote such a key")
			}
		}
		return true
	})
	require.NoError(t, err)
	require.Equal(t, 31, torn, "once between any two words")
}
