package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/stretchr/testify/require"
)

// stopper collects what is written and stops something once it has seen enough lines of progress.
type stopper struct {
	strings.Builder
	lines int
	stop  func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if strings.Contains(string(p), " triples, 0 found\n") {
		if s.lines--; s.lines == 0 {
			s.stop()
		}
	}
	return s.Builder.Write(p)
}

// Where there is no terminal, lines come now and then; an interrupt ends the campaign with a summary and no error.
func TestFuzzWithoutATerminal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	progress := &stopper{lines: 3, stop: cancel}
	var out strings.Builder
	found, err := fuzzFlags{seed: 1, jobs: 2, dir: t.TempDir(), every: time.Millisecond}.run(ctx, &out, progress)
	require.NoError(t, err)
	require.False(t, found)
	lines := strings.Split(progress.String(), "\n")
	require.Regexp(t, `^0s: \d+ programs, \d+ operations \(\d+/s\), \d+ scenarios, \d+ schedules \(\d+/s\), \d+ triples, 0 found$`, lines[0])
	require.True(t, strings.HasPrefix(out.String(), "seed 1, 2 jobs, bpfsim against the model\ninterrupted\n"), out.String())
	require.Contains(t, out.String(), "\n  BPF_MAP_CREATE ")
}

func TestFuzzEndsInTime(t *testing.T) {
	var out strings.Builder
	found, err := fuzzFlags{jobs: 1, dir: t.TempDir(), length: time.Millisecond, every: time.Hour}.run(t.Context(), &out, io.Discard)
	require.NoError(t, err)
	require.False(t, found)
	require.Contains(t, out.String(), "\nended\n")
	require.NotContains(t, out.String(), "seed 0,")
}

// The same seed does the same twice, however many workers share it.
func TestFuzzCount(t *testing.T) {
	results := make(map[string]bool)
	for _, jobs := range []int{1, 1, 3} {
		var out strings.Builder
		found, err := fuzzFlags{seed: 9, jobs: jobs, count: 50, dir: t.TempDir(), every: time.Hour}.run(t.Context(), &out, io.Discard)
		require.NoError(t, err)
		require.False(t, found)
		_, result, _ := strings.Cut(out.String(), "\n")
		require.Regexp(t, `^ended\n50 programs, \d+ operations, \d+ evictions; 50 scenarios, `, result)
		results[result] = true
	}
	require.Len(t, results, 1)
	var out strings.Builder
	_, err := fuzzFlags{seed: 10, jobs: 1, count: 50, dir: t.TempDir(), every: time.Hour}.run(t.Context(), &out, io.Discard)
	require.NoError(t, err)
	_, result, _ := strings.Cut(out.String(), "\n")
	require.False(t, results[result], "another seed does something else")
}

// What cannot be written to is found out before hours of work.
func TestFuzzMakesItsDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "dir")
	require.NoError(t, fuzzFlags{jobs: 1, dir: dir}.check())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	require.ErrorContains(t, fuzzFlags{jobs: 1, dir: file}.check(), "want a directory that files can be written to")
	require.ErrorContains(t, fuzzFlags{jobs: 1, dir: filepath.Join(file, "below")}.check(), "want a directory")
}

func TestFuzzRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"--count -1":              {"--count", "-1"},
		"--jobs 0":                {"--jobs", "0"},
		"--for -1s":               {"--for", "-1s"},
		"--out /dev/null/nowhere": {"--out", "/dev/null/nowhere"},
		"unknown flag":            {"--nonsense"},
		"unexpected \"file\"":     {"file"},
	} {
		cmd := newRoot()
		cmd.SetArgs(append([]string{"fuzz"}, args...))
		err := cmd.ExecuteContext(t.Context())
		var exit *exitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, exitTrouble, exit.code)
		require.ErrorContains(t, exit.err, want)
	}
}

// What was found is written to a file that explore reads, and the command that is printed shows it again.
func TestFuzzSavesAScenario(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	finding := campaign.Finding{Name: "fuzz-scenario-1-2.txt", What: "stable-coverage broken: a key\nwas missed", Text: missedKey + "# schedule: 12:other\n"}
	require.NoError(t, fuzzFlags{dir: dir}.save(&out, []campaign.Finding{finding}))
	path := filepath.Join(dir, "fuzz-scenario-1-2.txt")
	require.Contains(t, out.String(), "replay: bpfsim explore "+path+" --replay 12:other\n")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "# stable-coverage broken: a key\n# was missed\nmap hash"))
	c, err := explore.ParseCounterexample(string(text))
	require.NoError(t, err)
	_, err = c.Replay()
	require.NoError(t, err)
	status, shown := exploreIn(t, "", path, "--replay", c.Schedule)
	require.Equal(t, exitBroken, status)
	require.Contains(t, shown, "broken: stable-coverage")
}

func TestFuzzSavesAProgram(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	source := "machine cpus=1 bpf=true sysadmin=true\ncpu0 close fd=500\n"
	finding := campaign.Finding{Name: "fuzz-program-1-2.txt", What: "step 0", Text: source}
	require.NoError(t, fuzzFlags{dir: dir}.save(&out, []campaign.Finding{finding}))
	text, err := os.ReadFile(filepath.Join(dir, finding.Name))
	require.NoError(t, err)
	p, err := program.Parse(string(text))
	require.NoError(t, err)
	require.Equal(t, source, p.String())
	require.Contains(t, out.String(), "proptest/campaign/testdata/")
	require.Error(t, fuzzFlags{dir: dir + "/nowhere"}.save(&out, []campaign.Finding{finding}))
}
