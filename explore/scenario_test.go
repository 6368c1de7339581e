package explore_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestScenarioTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		parsed, err := explore.Parse(s.String())
		require.NoError(t, err)
		require.Equal(t, s, parsed)
	})
}

// drawScenario draws any scenario that can be run.
func drawScenario(t *rapid.T) explore.Scenario {
	way := rapid.SampledFrom(explore.Ways()).Draw(t, "way")
	kind := rapid.SampledFrom(way.Types).Draw(t, "type")
	contract := rapid.SampledFrom(model.Contracts()).Draw(t, "contract")
	s := explore.Scenario{
		Map: explore.Shape{
			Type: kind, Entries: rapid.Uint32Range(1, 8).Draw(t, "entries"), Value: 8 * rapid.IntRange(1, 2).Draw(t, "words"),
		},
		Walk:     explore.Walk{Way: way.Name, Room: rapid.IntRange(1, 3).Draw(t, "room"), CPU: rapid.IntRange(0, 1).Draw(t, "cpu")},
		Contract: contract.Name,
	}
	switch kind {
	case abi.Hash:
		s.Map.Flags = rapid.SampledFrom([]uint32{0, abi.FlagNoPrealloc}).Draw(t, "flags")
	case abi.LRUHash:
		s.Map.Flags = rapid.SampledFrom([]uint32{0, abi.FlagNoCommonLRU}).Draw(t, "flags")
	}
	keys := rapid.Uint32Range(0, 7)
	s.Keys = rapid.SliceOfNDistinct(keys, 1, int(min(s.Map.Entries, 3))+1, rapid.ID).Draw(t, "keys")
	s.Keys = s.Keys[:min(len(s.Keys), int(s.Map.Entries))]
	for _, name := range []string{"a", "b"}[:rapid.IntRange(1, 2).Draw(t, "tasks")] {
		s.Tasks = append(s.Tasks, drawTask(t, name, keys))
	}
	return s
}

func drawTask(t *rapid.T, name string, keys *rapid.Generator[uint32]) explore.Task {
	task := explore.Task{Name: name, Program: rapid.Bool().Draw(t, "program"), CPU: rapid.IntRange(0, 1).Draw(t, "task cpu")}
	verbs := []string{"update", "insert", "delete", "take", "read"}
	if task.Program {
		verbs = []string{"update", "insert", "delete", "read", "write"}
	}
	for range rapid.IntRange(1, 3).Draw(t, "ops") {
		op := explore.Op{Verb: rapid.SampledFrom(verbs).Draw(t, "verb"), Key: keys.Draw(t, "key")}
		task.Ops = append(task.Ops, op)
	}
	return task
}

func TestParseNamesTheLine(t *testing.T) {
	const good = "map hash entries=8 value=8\nkeys 1 13\nwalk next+lookup room=1 cpu=0\ntask a cpu=1: update 1\ncontract snapshot\n"
	_, err := explore.Parse(good)
	require.NoError(t, err)
	for text, want := range map[string]string{
		"walls\n" + good: `line 1, "walls": want map, keys, walk`,
		"map hash entries=x\nkeys\nwalk next+lookup\n":                                          `"entries=x" is no number`,
		"map queue entries=8 value=8\n":                                                         `check scenario: no walk of map type`,
		"map hash entries=8 value=8\nwalk stroll room=1\n":                                      `no way of walking "stroll"`,
		"map array entries=8 value=8\nwalk take-batch room=1\n":                                 `take-batch does not walk`,
		"map hash entries=8 value=7\n":                                                          `value=7`,
		"map hash entries=1 value=8\nkeys 1 2\n":                                                `2 keys in a map of 1 entries`,
		good + "task a: delete 1\n":                                                             `two tasks named "a"`,
		good + "task walker: delete 1\n":                                                        `two tasks named "walker"`,
		good + "task b: write 1\n":                                                              `no operation "write"`,
		good + "contract trust\n":                                                               `no contract "trust"`,
		good + "task b cpu=99: delete 1\n":                                                      `cpu=99`,
		good + "task b: delete one\n":                                                           `"one" is no number of 32 bits`,
		good + "task b: delete\n":                                                               `want a verb and a key`,
		"map hash entries=8 value=8 bright\nkeys\n":                                             `unknown word "bright"`,
		"map hash entries=8 value=8\nkeys 4294967296\n":                                         `is no number of 32 bits`,
		"map hash entries=8 value=8\nkeys 1\nwalk next+lookup room=0\ncontract snapshot\n":      `room=0`,
		"map hash entries=99999999 value=8\nkeys 1\nwalk next+lookup room=1\ncontract snapshot": `entries=99999999`,
	} {
		_, err := explore.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}
