package explore_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/stretchr/testify/require"
)

const torn = `map hash entries=8 value=16
keys 1
walk next+lookup room=1 cpu=0
program writer cpu=1: write 1
contract no-invention
`

// A program that writes in place is seen half way: its operation stands in two lines, the walk's in one.
func TestInterleavingCutsOperations(t *testing.T) {
	run, err := explore.Replay(scenario(t, torn), "5:writer 7:walker")
	require.NoError(t, err)
	require.Equal(t, `
      0-4  walker  next+lookup begins: user, find, word, user x2
      5-6  writer  write 1 begins: find, word
     7-11  walker  next+lookup -> 1=2|1
    12-15  walker  next+lookup -> nothing, the end
       16  writer  write 1 = OK
`, "\n"+run.Interleaving())
}

func TestBreachNamesKeysByNumber(t *testing.T) {
	run, err := explore.Replay(scenario(t, torn), "5:writer 7:walker")
	require.NoError(t, err)
	require.Equal(t, "call 0 returned 1=2|1, which was never so during the call", run.Breach)
}
