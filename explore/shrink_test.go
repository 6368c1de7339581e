package explore_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

// Each scenario has parts that its anomaly does not need.
var bloated = map[string]struct{ text, want string }{
	"missed key": {
		`map hash entries=8 value=16
keys 4 1 30 5
walk next+lookup room=3 cpu=0
task idler cpu=2: read 4
task other cpu=1: delete 5; update 1
contract stable-coverage
`,
		`map hash entries=2 value=8
keys 1 30
walk next+lookup room=1 cpu=0
task other cpu=1: update 1
contract stable-coverage
`,
	},
	"duplicate": {
		`map hash entries=8 value=16
keys 4 5 1
walk dump room=1 cpu=0
program idler cpu=1: read 4
task other cpu=1: update 4; delete 1
contract no-duplicates
`,
		`map hash entries=3 value=8
keys 4 1
walk dump room=1 cpu=0
task other cpu=1: delete 1
contract no-duplicates
`,
	},
	"torn value": {
		`map lru_hash entries=16 value=24
keys 1 2
walk lookup-batch room=4 cpu=0
program writer cpu=1: read 2; write 1
contract no-invention
`,
		`map lru_hash entries=1 value=16
keys 1
walk lookup-batch room=1 cpu=0
program writer cpu=1: write 1
contract no-invention
`,
	},
}

func bounded() sim.Schedules { return sim.NewDFS(1) }

// What is left holds without any one of its operations, keys or tasks, written out here by hand.
func TestShrunkScenarioNeedsItsParts(t *testing.T) {
	for name, text := range map[string]string{
		"no task":     "map hash entries=2 value=8\nkeys 1 30\nwalk next+lookup room=1 cpu=0\ncontract stable-coverage",
		"no key 1":    "map hash entries=2 value=8\nkeys 30\nwalk next+lookup room=1 cpu=0\ntask other cpu=1: update 1\ncontract stable-coverage",
		"no key 30":   "map hash entries=2 value=8\nkeys 1\nwalk next+lookup room=1 cpu=0\ntask other cpu=1: update 1\ncontract stable-coverage",
		"no update 1": "map hash entries=2 value=8\nkeys 1 30\nwalk next+lookup room=1 cpu=0\ntask other cpu=1:\ncontract stable-coverage",
	} {
		t.Run(name, func(t *testing.T) {
			result, err := explore.Explore(scenario(t, text), bounded())
			require.NoError(t, err)
			require.Nil(t, result.Broken)
		})
	}
}

func TestShrinkLeavesWhatHoldsAlone(t *testing.T) {
	s := scenario(t, "map hash entries=4 value=16\nkeys 1 2\nwalk dump-bucket room=4 cpu=0\ntask a cpu=1: update 1\ncontract stable-coverage")
	same, result, err := explore.Shrink(s, bounded)
	require.NoError(t, err)
	require.Nil(t, result.Broken)
	require.Equal(t, s, same)
}

func TestShrinkIsMinimal(t *testing.T) {
	for name, test := range bloated {
		t.Run(name, func(t *testing.T) {
			small, result, err := explore.Shrink(scenario(t, test.text), bounded)
			require.NoError(t, err)
			require.NotNil(t, result.Broken)
			require.Equal(t, test.want, small.String())
			again, same, err := explore.Shrink(small, bounded)
			require.NoError(t, err)
			require.Equal(t, small, again)
			require.Equal(t, result.Schedule, same.Schedule)
		})
	}
}
