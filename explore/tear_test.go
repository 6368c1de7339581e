package explore_test

import (
	"fmt"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

// An ARRAY's value is torn by an update unless it is one word, as on Linux (live, TestLinuxTearsSmallArrayValues).
func TestArrayValuesOfAnySize(t *testing.T) {
	for size := 1; size <= 33; size++ {
		s := scenario(t, fmt.Sprintf("map array entries=1 value=%d\nkeys 0\nwalk next+lookup room=1\ntask a cpu=1: update 0\ncontract no-invention\n", size))
		result, err := explore.Explore(s, sim.NewDFS(1))
		require.NoError(t, err)
		word := size == 1 || size == 2 || size == 4 || size == 8
		require.Equal(t, word, result.Broken == nil, "%d bytes", size)
		if size == 7 {
			require.Contains(t, result.Broken.Breach, "call 0 returned 0=1|1|1|1|1|1|2")
		}
	}
}
