package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/explore"
)

// One call may return more elements than the map takes, because others refill it meanwhile: the walker's memory has to
// hold what it asks for, or the kernel takes elements out and cannot hand them over.
func TestWalkerHasMemoryForItsRoom(t *testing.T) {
	run, err := explore.Replay(scenario(t, `map hash entries=4 value=24 no_prealloc
keys 24 3 3 17
walk dump-delete-bucket room=3 cpu=0
task t0 cpu=2: take 35; update 24
program t1 cpu=1: write 35; update 34; delete 24
program t2 cpu=1: delete 44; insert 44
contract stable-coverage
`), "0:t1 1:walker 2:t2 3:t0 5:walker 6:t1 7:t0 8:walker 9:t1 10:t0 11:t2 15:t0")
	require.NoError(t, err)
	require.Empty(t, run.Breaches())
	require.Contains(t, run.Story(), "walker  dump-delete-bucket -> 44=11, 24=6, 34=8, 17=4, 3=3")
}
