package explore

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// A process updates key 1 of 2 CPUs from 1 to 2 while it is read.
func TestPartsOfAValue(t *testing.T) {
	s := Scenario{Map: Shape{Type: abi.PerCPUHash, Value: 16}, Tasks: []Task{{CPU: 1}}}
	key, value := string(s.Map.keyOf(1)), func(a, b uint64) string {
		one := Shape{Value: 8}
		return string(one.valueOf(a)) + string(one.valueOf(b))
	}
	writes := []model.Write{{Start: -1, End: -1, Key: key, Value: value(1, 1)}, {Start: 2, End: 3, Key: key, Value: value(2, 2)}}
	removal := model.Write{Start: 4, End: 4, Key: key, Removed: true}
	given := func(returned string, writes ...model.Write) Parts {
		r := Run{Scenario: s}
		r.History.Writes = writes
		r.History.Walk.Calls = []model.WalkCall{{Start: 1, End: 5, Records: []model.Pair{{Key: key, Value: returned}}}}
		return r.parts()
	}
	require.Equal(t, PartsTogether, given(value(2, 2), writes...))
	require.Equal(t, PartsEach, given(value(2, 1), writes...))
	require.Equal(t, PartsAny, given(value(2, 7), writes...))
	require.Equal(t, PartsForeign, given(value(2, 7), append(writes, removal)...))

	s.Map.Value *= 2 // two words a part
	words := func(a, b, c, d uint64) string { return value(a, b) + value(c, d) }
	writes[0].Value, writes[1].Value = words(1, 1, 1, 1), words(2, 2, 2, 2)
	require.Equal(t, PartsEach, given(words(1, 1, 2, 2), writes...))
	require.Equal(t, PartsTorn, given(words(1, 2, 1, 1), writes...))
	require.Equal(t, PartsAny, given(words(1, 2, 7, 1), writes...))
}

func TestWriters(t *testing.T) {
	for text, want := range map[string]Writers{
		"value=16\ntask a cpu=1: update 1":                              Processes,
		"value=16\nprogram a cpu=1: update 1":                           Helpers,
		"value=16\nprogram a cpu=1: update 1\nprogram b cpu=1: write 1": Pointers,
		"value=32\nprogram a cpu=1: write 1":                            LongPointers,
		"value=32\nprogram a cpu=1: update 1\ntask b cpu=1: update 1":   Helpers,
		"value=24\nprogram a cpu=2: write 1":                            Pointers,
	} {
		text = "map percpu_hash entries=4 " + strings.Replace(text, "\n", "\nwalk dump room=1\n", 1) + "\ncontract snapshot"
		s, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, s.writers(), text)
	}
}
