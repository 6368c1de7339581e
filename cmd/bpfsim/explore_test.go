package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

const missedKey = `map hash entries=8 value=8
keys 1 30
walk next+lookup room=1 cpu=0
task other cpu=1: update 1
contract stable-coverage
`

// exploreIn runs `bpfsim explore` on a scenario that comes from standard input.
func exploreIn(t *testing.T, scenario string, args ...string) (status int, out string) {
	t.Helper()
	cmd := newRoot()
	var buf bytes.Buffer
	cmd.SetArgs(append([]string{"explore"}, args...))
	cmd.SetIn(strings.NewReader(scenario))
	cmd.SetOut(&buf)
	err := cmd.Execute()
	if exit, ok := err.(*exitError); ok {
		if exit.err != nil {
			buf.WriteString(exit.err.Error())
		}
		return exit.code, buf.String()
	}
	require.NoError(t, err)
	return 0, buf.String()
}

func TestExploreBroken(t *testing.T) {
	status, out := exploreIn(t, missedKey, "-", "--bound", "1")
	require.Equal(t, 1, status)
	require.Equal(t, `broken: stable-coverage (a key present throughout the walk is returned)
key 1 was present throughout and was not returned

      0-8  walker  next+lookup -> 30=2
     9-12  other   update 1 = OK
    13-16  walker  next+lookup -> nothing, the end

found after 13 schedules with at most 1 preemption
replay: bpfsim explore - --replay 9:other
`, out)
	status, again := exploreIn(t, missedKey, "-", "--replay", "9:other")
	require.Equal(t, 1, status)
	require.True(t, strings.HasPrefix(out, again[:len(again)-1]), again)
}

func TestExploreUnbroken(t *testing.T) {
	const promise = ": stable-coverage (a key present throughout the walk is returned)\n"
	const inAll = "; the contract asked something in all of them\n"
	holds := strings.Replace(missedKey, "next+lookup", "dump-bucket", 1)
	for args, want := range map[string]struct {
		status int
		out    string
	}{
		"":                           {0, "holds" + promise + "5 schedules (every one: of those that nobody can tell apart, one was run)" + inAll},
		"--schedules dfs --max 9":    {exitOpen, "not refuted" + promise + "9 schedules (not all of them: --max 9)" + inAll},
		"--bound 1":                  {0, "holds" + promise + "17 schedules (every one with at most 1 preemption)" + inAll},
		"--bound 0":                  {0, "holds" + promise + "2 schedules (every one with at most 0 preemptions)" + inAll},
		"--max 3":                    {exitOpen, "not refuted" + promise + "3 schedules (not all of them: --max 3)" + inAll},
		"--schedules pct --max 9":    {exitOpen, "not refuted" + promise + "9 schedules (drawn by pct from seed 1)" + inAll},
		"--schedules random --max 9": {exitOpen, "not refuted" + promise + "9 schedules (drawn by random from seed 1)" + inAll},
		"--replay -":                 {0, "kept" + promise + "\n"},
	} {
		t.Run(args, func(t *testing.T) {
			status, out := exploreIn(t, holds, append([]string{"-"}, strings.Fields(args)...)...)
			require.Equal(t, want.status, status, out)
			require.True(t, strings.HasPrefix(out, want.out), out)
			require.NotContains(t, out, " -1")
		})
	}
}

// A contract that had nothing to ask about is no promise kept.
func TestExploreThatAskedNothing(t *testing.T) {
	removing := strings.Replace(missedKey, "stable-coverage", "linearizability", 1)
	for _, args := range []string{"--bound 1", "--max 3", "--replay -", "--schedules pct --max 3"} {
		status, out := exploreIn(t, removing, append([]string{"-"}, strings.Fields(args)...)...)
		require.Equal(t, exitOpen, status, out)
		require.True(t, strings.HasPrefix(out, "asked nothing: linearizability (whatever was done to a key"), out)
		require.Contains(t, out, "it asks about walks that take what they return\n")
	}
}

// What is asked about in some schedules only is told with the share.
func TestExploreTellsTheShare(t *testing.T) {
	status, out := exploreIn(t, `map hash entries=8 value=8
keys 1
walk dump-bucket room=1 cpu=0
task other cpu=1: delete 1; insert 1
contract stable-coverage
`, "-", "--bound", "1")
	require.Equal(t, 0, status, out)
	require.Regexp(t, `; the contract asked something in \d+ of them \(\d+ %\): it asks about walks that end, while some key is`, out)
}

// An LRU map with room to spare evicts nothing: what is lost from it is lost by the walk.
func TestExploreOfAnLRUMapThatNeedNotEvict(t *testing.T) {
	status, out := exploreIn(t, `map lru_hash entries=4 value=8
keys 1
walk take-batch room=2
program xdp cpu=1: write 1
contract linearizability
`, "-")
	require.Equal(t, exitBroken, status, out)
	require.Contains(t, out, "\nkey 1: no order explains what was done and told: set:1, overwritten:2, taken:1, in the end absent\n")
}

// An interrupt ends the exploration with what is known.
func TestExploreInterrupted(t *testing.T) {
	scenario, err := readScenario(strings.NewReader(strings.Replace(missedKey, "next+lookup", "dump-bucket", 1)), "-")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var out strings.Builder
	v := verdict{ctx: ctx, out: &out, scenario: scenario, flags: exploreFlags{schedules: "dfs", bound: sim.Unbounded, max: 100_000}}
	cancel()
	code, err := v.explore()
	require.NoError(t, err)
	require.Equal(t, 130, code)
	require.Equal(t, `interrupted, not refuted so far: stable-coverage (a key present throughout the walk is returned)
0 schedules (not all of them); none was run
`, out.String())
}

// What is drawn breaks the contract too, the same from the same seed.
func TestExploreDraws(t *testing.T) {
	for _, how := range []string{"pct", "random"} {
		status, out := exploreIn(t, missedKey, "-", "--schedules", how, "--seed", "3")
		require.Equal(t, 1, status, out)
		_, again := exploreIn(t, missedKey, "-", "--schedules", how, "--seed", "3")
		require.Equal(t, out, again)
	}
}

func TestExploreTrouble(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent", "x")
	for name, test := range map[string]struct {
		scenario string
		args     []string
		want     string
	}{
		"bad line":         {"map hash entries=8 value=8\nkeys one\n", []string{"-"}, `standard input: line 2, "keys one": key "one" is no number`},
		"impossible":       {"map hash entries=8 value=8\n", []string{"-"}, `the scenario has no line "walk"`},
		"no such file":     {"", []string{absent}, "read scenario: open " + absent},
		"no file":          {"", nil, "want one scenario"},
		"unknown flag":     {missedKey, []string{"-", "--fast"}, "unknown flag: --fast"},
		"bad schedules":    {missedKey, []string{"-", "--schedules", "all"}, `--schedules "all": want dpor, dfs, pct or random`},
		"bad bound":        {missedKey, []string{"-", "--bound", "-1"}, "--bound -1: want 0 or more"},
		"no depth":         {missedKey, []string{"-", "--schedules", "pct", "--bound", "0"}, "--bound 0: want 1 or more"},
		"seed of dfs":      {missedKey, []string{"-", "--seed", "3"}, "--seed: dpor draws nothing"},
		"no bound":         {missedKey, []string{"-", "--schedules", "dpor", "--bound", "3"}, "--bound: dpor schedules have none: want --schedules dfs or pct"},
		"random bound":     {missedKey, []string{"-", "--schedules", "random", "--bound", "3"}, "--bound: random schedules have none"},
		"replay and max":   {missedKey, []string{"-", "--replay", "-", "--max", "3"}, "--max: --replay runs one schedule only"},
		"bad max":          {missedKey, []string{"-", "--max", "0"}, "--max 0: want 1 or more"},
		"bad line to run":  {missedKey, []string{"-", "--replay", "x"}, `"x" is not STEP:TASK`},
		"empty line":       {missedKey, []string{"-", "--replay", "3:"}, `"3:" is not STEP:TASK`},
		"another scenario": {missedKey, []string{"-", "--replay", "3:nobody"}, "3:nobody: no task nobody: the tasks are walker, other"},
		"a step too far":   {missedKey, []string{"-", "--replay", "99:other"}, "99:other: the run has 28 steps, 0 to 27"},
		"no place for it":  {missedKey, []string{"-", "--html", absent}, "write page: open " + absent},
		"nor for that":     {missedKey, []string{"-", "--bound", "1", "--shrink", absent}, "write scenario: open " + absent},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := exploreIn(t, test.scenario, test.args...)
			require.Equal(t, 2, status, out)
			require.Contains(t, out, test.want)
		})
	}
}

// The smaller scenario is a file that the replay line runs.
func TestExploreShrinks(t *testing.T) {
	small, page := filepath.Join(t.TempDir(), "small.txt"), filepath.Join(t.TempDir(), "page.html")
	bloated := strings.Replace(missedKey, "update 1", "read 1; update 1; delete 7", 1)
	status, out := exploreIn(t, bloated, "-", "--bound", "1", "--shrink", small, "--html", page)
	require.Equal(t, 1, status, out)
	text, err := os.ReadFile(small)
	require.NoError(t, err)
	require.Equal(t, strings.Replace(missedKey, "entries=8", "entries=2", 1), string(text))
	require.True(t, strings.HasPrefix(out, string(text)), out)
	_, line, _ := strings.Cut(out, "replay: bpfsim explore ")
	status, out = exploreIn(t, "", strings.Fields(strings.ReplaceAll(line, "'", ""))...)
	require.Equal(t, 1, status, out)
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "key 1 was present throughout and was not returned")
}

func TestExplorePageOfWhatHolds(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	status, out := exploreIn(t, strings.Replace(missedKey, "next+lookup", "dump-bucket", 1), "-", "--html", page)
	require.Equal(t, 0, status, out)
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "stable-coverage kept")
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{"12:other": "12:other", "1:a 2:b": "'1:a 2:b'", "it's": `'it'\''s'`, "": "''"} {
		require.Equal(t, want, shellWord(word))
	}
}

// What no kernel can be made to do is said, and is no error.
func TestExploreWhatLinuxCannotPlay(t *testing.T) {
	for name, test := range map[string]struct{ scenario, line, want string }{
		"no such command": {
			strings.Replace(missedKey, "next+lookup", "dump", 1), "-", "linux: not played: no kernel has dump\n",
		},
		"inside of a call": {
			"map hash entries=8 value=16\nkeys 1\nwalk next+lookup room=1\nprogram p cpu=1: write 1\ncontract no-invention\n",
			"6:p 8:walker", "linux: not played: the run interleaves steps inside of calls\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, out := exploreIn(t, test.scenario, "-", "--replay", test.line, "--kernel")
			require.True(t, strings.HasSuffix(out, test.want), out)
		})
	}
}
