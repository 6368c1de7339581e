package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
)

// What other tasks did is in the history with what they were told: a contract that is not asked about it finds nothing.
func TestRunsRecordWhatOthersDid(t *testing.T) {
	s, err := explore.Parse(`
map hash entries=8 value=8
keys 1 2
walk take-batch room=8 cpu=0
task other cpu=1: take 1; delete 2; take 2; insert 3; insert 3; update 4
contract linearizability
`)
	require.NoError(t, err)
	run, err := explore.Replay(s, "0:other")
	require.NoError(t, err)
	one, two, three, four := key(1), key(2), key(3), key(4)
	value := func(n byte) string { return string([]byte{n, 0, 0, 0, 0, 0, 0, 0}) }
	var writes []model.Write
	for _, w := range run.History.Writes {
		if w.Start >= 0 {
			w.Start, w.End = 0, 0
			writes = append(writes, w)
		}
	}
	require.Equal(t, []model.Write{
		{Key: one, Value: value(1), Removed: true}, {Key: two, Removed: true}, {Key: three, Value: value(6)}, {Key: four, Value: value(8)},
	}, writes)
	var did []model.Operation
	for _, o := range run.History.Operations {
		if o.Start >= 0 {
			o.Start, o.End = 0, 0
			if o.Effect == model.FoundPresent || o.Effect == model.FoundAbsent {
				o.Value = "" // means nothing
			}
			did = append(did, o)
		}
	}
	require.Equal(t, []model.Operation{
		{Key: one, Effect: model.Took, Value: value(1)}, {Key: two, Effect: model.Removed}, {Key: two, Effect: model.FoundAbsent},
		{Key: three, Effect: model.Added, Value: value(6)}, {Key: three, Effect: model.FoundPresent}, {Key: four, Effect: model.Put, Value: value(8)},
	}, did)
	require.Equal(t, map[string]string{}, run.History.Left)
	require.Len(t, run.History.Walk.Calls[0].Records, 2)
}

func key(n byte) string { return string([]byte{n, 0, 0, 0}) }
