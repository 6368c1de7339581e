package explore_test

import (
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

// Without preallocation two CPUs find the last place free and both have it, and one may find none while another replaces an
// element, as on Linux (live, TestLinuxHoldsMoreThanMaxEntries and TestLinuxRefusesWhatHasRoom).
func TestMapsWithoutPreallocationMiscount(t *testing.T) {
	for other, breach := range map[string]string{
		"insert 22": "3 keys are left, and max_entries is 2",
		"update 3":  "key 35 was refused for want of room, while no more than 1 can have been there, and max_entries is 2",
	} {
		text := "map hash entries=2 value=8 no_prealloc\nkeys 3\nwalk lookup-batch room=2\ntask a cpu=1: insert 35\ntask b cpu=0: " + other + "\ncontract capacity\n"
		result, err := explore.Explore(scenario(t, text), sim.NewDFS(1))
		require.NoError(t, err)
		require.NotNil(t, result.Broken, other)
		require.Equal(t, breach, result.Broken.Breach)
		result, err = explore.Explore(scenario(t, strings.Replace(text, " no_prealloc", "", 1)), sim.NewDFS(2))
		require.NoError(t, err)
		require.Nil(t, result.Broken, other)
		require.Equal(t, result.Schedules, result.Asked)
	}
}
