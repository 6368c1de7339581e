package explore_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/stretchr/testify/require"
)

const scenariosPage = "../docs/scenarios.md"

const scenariosHead = `# Scenarios

What ` + "`bpfsim explore`" + ` reads; ` + "`bpfsim help scenario`" + ` prints the same. [examples/scenarios](../examples/scenarios) has more of them.
This page is written by a test (` + "`go test ./explore -run TestScenariosPage -update`" + `).

`

func TestScenariosPage(t *testing.T) {
	text := scenariosHead + "```\n" + explore.Grammar() + "```\n"
	if *update {
		require.NoError(t, os.WriteFile(scenariosPage, []byte(text), 0o644))
	}
	written, err := os.ReadFile(scenariosPage)
	require.NoError(t, err)
	require.Equal(t, string(written), text, "run go test ./explore -run TestScenariosPage -update")
}

// section is what the grammar lists below a title, by the first word of each line.
func section(t *testing.T, title string) (words []string) {
	t.Helper()
	_, rest, found := strings.Cut(explore.Grammar(), "\n"+title+":\n\n")
	require.True(t, found, title)
	list, _, _ := strings.Cut(rest, "\n\n")
	for line := range strings.Lines(list) {
		words = append(words, strings.Fields(line)[0])
	}
	return words
}

// parses reads a scenario made of the usual one with some of its lines replaced.
func parses(lines map[string]string) error {
	var b strings.Builder
	for word, usual := range map[string]string{
		"map": "hash entries=8 value=8", "keys": "1", "walk": "next+lookup room=1", "task": "a: read 1", "contract": "snapshot",
	} {
		if line, ok := lines[word]; ok {
			usual = line
		}
		b.WriteString(word + " " + usual + "\n")
	}
	if line, ok := lines["program"]; ok {
		b.WriteString("program " + line + "\n")
	}
	_, err := explore.Parse(b.String())
	return err
}

// The parser takes what the grammar lists, in the places where it is listed, and says itself what it takes elsewhere.
func TestGrammarIsTheParsers(t *testing.T) {
	for _, way := range section(t, "Walks") {
		require.NoError(t, parses(map[string]string{"walk": way + " room=1 cpu=1"}))
	}
	for _, contract := range section(t, "Contracts") {
		require.NoError(t, parses(map[string]string{"contract": contract}))
	}
	for _, verb := range section(t, "Operations") {
		line := regexp.MustCompile(`(?m)^  ` + verb + ` .*$`).FindString(explore.Grammar())
		op := verb + " 1"
		if verb == "signal" {
			op = verb
		}
		require.Equal(t, strings.Contains(line, "task"), parses(map[string]string{"task": "b cpu=1: " + op}) == nil, line)
		require.Equal(t, strings.Contains(line, "program"), parses(map[string]string{"program": "b cpu=1: " + op}) == nil, line)
	}
	for line, wrong := range map[string]string{"map": "hash x=1", "walk": "dump x=1", "task": "a x=1: read 1"} {
		err := parses(map[string]string{line: wrong})
		require.Error(t, err)
		_, all, found := strings.Cut(err.Error(), `unknown word "x=1": want `)
		require.True(t, found, err)
		for _, word := range regexp.MustCompile(`, | or `).Split(all, -1) {
			require.Contains(t, explore.Grammar(), strings.TrimSuffix(word, "NUMBER"))
		}
	}
}

func TestGrammarsExampleIsAScenario(t *testing.T) {
	_, rest, _ := strings.Cut(explore.Grammar(), "walk's back:\n\n")
	example, _, _ := strings.Cut(rest, "\n\n")
	s, err := explore.Parse(example)
	require.NoError(t, err)
	schedules := regexp.MustCompile(`"\d+:other[^"]*"`).FindAllString(rest, -1)
	require.Len(t, schedules, 2)
	for i, schedule := range schedules {
		run, err := explore.Replay(s, strings.Trim(schedule, `"`))
		require.NoError(t, err)
		require.True(t, i > 0 || run.Breach != "")
	}
}
