package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
)

const several = `map hash entries=16 value=8
keys 3 22 17
walk lookup-batch room=8 cpu=0
task a cpu=1: update 3, 35; delete 22, 9, 17; drain 1; drain 4
contract snapshot
`

// Batches and another walker are recorded key by key, as far as they came.
func TestCallsOfSeveralKeys(t *testing.T) {
	s := scenario(t, several)
	require.Equal(t, several, s.String())
	run, err := explore.Replay(s, "0:a")
	require.NoError(t, err)
	require.Equal(t, []string{
		"a       update 3=4, 35=5: OK", "a       delete 22, 9, 17: ENOENT", "a       drain 1: 35=5", "a       drain 4: 17=3, 3=4",
		"walker  lookup-batch -> nothing, the end",
	}, run.Story())
	value := func(n byte) string { return string([]byte{n, 0, 0, 0, 0, 0, 0, 0}) }
	var did []model.Operation
	starts := map[int64]int{}
	for _, o := range run.History.Operations {
		if o.Start >= 0 {
			starts[o.Start]++
			o.Start, o.End = 0, 0
			did = append(did, o)
		}
	}
	require.Equal(t, []model.Operation{
		{Key: key(3), Effect: model.Put, Value: value(4)}, {Key: key(35), Effect: model.Put, Value: value(5)},
		{Key: key(22), Effect: model.Removed}, {Key: key(9), Effect: model.FoundAbsent},
		{Key: key(35), Effect: model.Took, Value: value(5)},
		{Key: key(17), Effect: model.Took, Value: value(3)}, {Key: key(3), Effect: model.Took, Value: value(4)},
	}, did)
	require.Len(t, starts, 4, "those of one call began together")
	require.Empty(t, run.History.Left)
}

// Linux does the same.
func TestCallsOfSeveralKeysOnLinux(t *testing.T) {
	needKernel(t)
	for _, schedule := range []string{"0:a", "-"} {
		run, err := explore.Replay(scenario(t, several), schedule)
		require.NoError(t, err)
		script, err := run.Whole()
		require.NoError(t, err)
		linux := playOnLinux(t, script)
		require.True(t, run.Agrees(linux), "Linux: %v\nbpfsim: %v", linux.Done, run.Done)
	}
}

func TestCallsOfSeveralKeysAreChecked(t *testing.T) {
	for task, want := range map[string]string{
		"program p: update 3, 22":    "update of several keys: want an update or a delete of a task",
		"task a: insert 3, 22":       "insert of several keys: want an update or a delete of a task",
		"task a: update 3,":          "want a verb and a key",
		"task a: update 3, x":        `key "x" is no number`,
		"task a: drain 0":            "drain 0: want room for 1 to 64 records",
		"program p: drain 1":         `no operation "drain" of a program`,
		"task a: signal, 3":          "want a verb and a key",
		"task a: update 3, 22 4, 17": "want a verb and a key",
	} {
		_, err := explore.Parse("map hash entries=16 value=8\nkeys 3\nwalk lookup-batch room=8\n" + task + "\ncontract snapshot\n")
		require.ErrorContains(t, err, want, task)
	}
	_, err := explore.Parse("map array entries=2 value=8\nkeys 0\nwalk lookup-batch room=8\ntask a: drain 1\ncontract snapshot\n")
	require.ErrorContains(t, err, "nobody drains a map of type array")
}
