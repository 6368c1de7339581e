package explore_test

import (
	"fmt"
	"strings"
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
	if kind == abi.LPMTrie {
		keys = rapid.Uint32Range(1, 8)
	}
	s.Keys = rapid.SliceOfNDistinct(keys, 1, int(min(s.Map.Entries, 3))+1, rapid.ID).Draw(t, "keys")
	s.Keys = s.Keys[:min(len(s.Keys), int(s.Map.Entries))]
	for _, name := range []string{"a", "b"}[:rapid.IntRange(1, 2).Draw(t, "tasks")] {
		s.Tasks = append(s.Tasks, drawTask(t, name, keys))
	}
	s.FitCPUs()
	for i := range s.Tasks {
		for j := range s.Tasks[i].Ops {
			if kind == abi.LPMTrie { // which may find another key
				s.Tasks[i].Ops[j].Verb = strings.Replace(s.Tasks[i].Ops[j].Verb, "write", "read", 1)
			}
		}
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
	const rest = "walk next+lookup room=1\ncontract snapshot\n"
	for text, want := range map[string]string{
		"walls\n" + good:                                                           `line 1, "walls": no line begins with "walls": want map, keys, walk, task, program or contract`,
		"map hash entries=x\n" + rest:                                              `"entries=x" is no number`,
		"map queue entries=8 value=8\n" + rest:                                     `want a map type that can be walked: hash, lru_hash, array, percpu_hash, lru_percpu_hash, percpu_array or lpm_trie`,
		"map\n" + rest:                                                             `want a map type that can be walked: hash, lru_hash, array, percpu_hash, lru_percpu_hash, percpu_array or lpm_trie`,
		"map hash entries=8 value=65\n" + rest:                                     `value=65: want 1 to 64 bytes`,
		"map hash entries=1 value=8\nkeys 1 2\n" + rest:                            `2 keys in a map of 1 entries`,
		"map hash entries=8 value=8 bright\n" + rest:                               `unknown word "bright": want entries=NUMBER, key=NUMBER, no_common_lru, no_prealloc or value=NUMBER`,
		"map hash entries=8 value=8 no_prealloc=1\n" + rest:                        `unknown word "no_prealloc=1"`,
		"map hash entries value=8\n" + rest:                                        `unknown word "entries"`,
		"map hash entries=8 value=8\nkeys 4294967296\n" + rest:                     `is no number of 32 bits`,
		"map hash entries=99999999 value=8\nkeys 1\n" + rest:                       `entries=99999999`,
		"map hash entries=8 value=8\nwalk stroll room=1\ncontract snapshot":        `no walk "stroll": want next+lookup, dump, dump-july,`,
		"map hash entries=8 value=8\nwalk\ncontract snapshot":                      `want a walk: next+lookup, dump, dump-july,`,
		"map hash entries=8 value=8\nwalk dump roam=1\ncontract snapshot":          `unknown word "roam=1": want cpu=NUMBER, fault=NUMBER or room=NUMBER`,
		"map array entries=8 value=8\nwalk take-batch room=1\ncontract snapshot":   `take-batch does not walk a map of type array: want next+lookup, dump, dump-july or lookup-batch`,
		"map hash entries=8 value=8\nwalk next+lookup room=0\ncontract snapshot\n": `room=0`,
		good + "task a: delete 1\n":                                                `two tasks named "a"`,
		good + "task walker: delete 1\n":                                           `two tasks named "walker"`,
		good + "task b: write 1\n":                                                 `task b: no operation "write" of a task: want update, insert, delete, take, read, signal or drain`,
		good + "program b: take 1\n":                                               `program b: no operation "take" of a program: want update, insert, delete, read or write`,
		strings.Replace(good, "snapshot", "trust", 1):                              `no contract "trust": want no-invention, stable-coverage,`,
		good + "task b cpu=99: delete 1\n":                                         `cpu=99`,
		good + "task b cup=1: delete 1\n":                                          `unknown word "cup=1": want cpu=NUMBER`,
		good + "task b: delete one\n":                                              `"one" is no number of 32 bits`,
		good + "task b: delete\n":                                                  `want a verb and a key`,
		good + "contract snapshot\n":                                               `line 6, "contract snapshot": a second line "contract"`,
		good + "map hash entries=8 value=8\n":                                      `a second line "map"`,
		good + "walk dump room=1\n":                                                `a second line "walk"`,
		"":                                                                         `the scenario is empty: want the lines map, keys, walk, task or program, and contract`,
		"# nothing but words\n\n":                                                  `the scenario is empty`,
		"keys 1\n":                                                                 `the scenario has no line "map"`,
		"map hash entries=8 value=8\ncontract snapshot":                            `the scenario has no line "walk"`,
		"map hash entries=8 value=8\nwalk next+lookup room=1\n":                    `the scenario has no line "contract"`,
	} {
		_, err := explore.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

// Key n covers 2n and 2n+1, and there is no key 0.
func TestKeysOfATrieArePrefixes(t *testing.T) {
	const text = "map lpm_trie entries=8 value=8\nkeys 1 5 4294967295\nwalk next+lookup room=1 cpu=0\ntask a cpu=1: update %d\ncontract snapshot\n"
	s, err := explore.Parse(fmt.Sprintf(text, 5))
	require.NoError(t, err)
	run, err := explore.Replay(s, "-")
	require.NoError(t, err)
	require.Contains(t, strings.Join(run.Story(), "\n"), "next+lookup -> 5=2\n")
	require.Contains(t, strings.Join(run.Story(), "\n"), "next+lookup -> 4294967295=3\n")
	require.Contains(t, strings.Join(run.Story(), "\n"), "next+lookup -> 1=1\n")
	_, err = explore.Parse(fmt.Sprintf(text, 0))
	require.ErrorContains(t, err, "key 0 is no prefix")
}
