package explore_test

import (
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/model"
	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/explore"
)

// One call may return more elements than the map takes, because others refill it meanwhile: the walker's memory has to
// hold what it asks for, or the kernel takes elements out and cannot hand them over.
func TestWalkerHasMemoryForItsRoom(t *testing.T) {
	run, err := explore.Replay(scenario(t, `map hash entries=4 value=24
keys 24 3 3 17
walk dump-delete-bucket room=3 cpu=0
task t0 cpu=2: take 35; update 24
program t1 cpu=1: write 35; update 34; delete 24
program t2 cpu=1: delete 44; insert 44
contract stable-coverage
`), "0:t0 1:walker 2:t1 3:t0 4:walker 5:t2 6:walker 7:t0 8:walker 9:t1 10:walker 11:t1 13:t2 14:t0 15:walker 18:t0")
	require.NoError(t, err)
	require.Empty(t, run.Breaches())
	require.Contains(t, run.Story(), "walker  dump-delete-bucket -> 44=11, 24=6, 34=8, 17=4, 3=3")
}

// A walk that takes out a bucket has its elements until they are given back, so that an LRU map with room for a further
// key may evict one.
func TestWalkThatTakesMakesAMapEvict(t *testing.T) {
	run, err := explore.Replay(scenario(t, `map lru_hash entries=4 value=8 no_common_lru
keys 35 17 44
walk dump-delete-bucket room=1 cpu=0
program t0 cpu=0: update 44; update 35
contract stable-coverage
`), "8:t0")
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(run.History.Writes, func(w model.Write) bool { return w.Evicted && w.Start >= 0 }))
	require.Empty(t, run.Breach)
}
