package campaign

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// fuzzed runs a campaign until it ends by itself.
func fuzzed(t *testing.T, o FuzzOptions, units int) *FuzzReport {
	t.Helper()
	o.Units = units
	f := NewFuzzer(o)
	require.NoError(t, f.Run(t.Context()))
	return f.Report()
}

// A bug in the kernel is found, shrunk and written, and what was written shows it again; without the bug it shows nothing.
func TestFuzzerFindsAMutant(t *testing.T) {
	for name, m := range map[string]mutant{
		"full hash": mutants["a full hash is ENOSPC"], "bucket dump": dumpMutants["a bucket dump splits a bucket"],
		"panic": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
			if o := k.Bpf(cpu, c, during); o.Errno != 77 {
				return o
			}
			panic("a bug")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			buggy := func() kernel.Kernel { m.Sim = kernel.NewSim(); return m }
			r := fuzzed(t, FuzzOptions{Seed: 5, kernel: buggy}, 1000)
			require.Len(t, r.Findings, 1)
			path, err := r.Findings[0].Save(t.TempDir())
			require.NoError(t, err)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			p, err := program.Parse(string(text))
			require.NoError(t, err)
			require.LessOrEqual(t, len(p.Steps), programSteps/6)
			found, err := Compare(p, buggy())
			require.NoError(t, err)
			require.NotNil(t, found, "%s", text)
			found, err = Compare(p, kernel.NewSim())
			require.NoError(t, err)
			require.Nil(t, found)
			t.Logf("%s", text)
		})
	}
}

// A promise that is broken is found, shrunk and written, and what was written shows it again.
func TestFuzzerFindsABrokenPromise(t *testing.T) {
	for _, contract := range []string{"stable-coverage", "no-duplicates"} {
		t.Run(contract, func(t *testing.T) {
			promises := func(_ explore.Scenario, name string) bool { return name == contract }
			r := fuzzed(t, FuzzOptions{Seed: 2, promises: promises}, 1000)
			require.Len(t, r.Findings, 1)
			path, err := r.Findings[0].Save(t.TempDir())
			require.NoError(t, err)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			c, err := explore.ParseCounterexample(string(text))
			require.NoError(t, err, "%s", text)
			run, err := c.Replay()
			require.NoError(t, err)
			require.Equal(t, contract, c.Scenario.Contract)
			require.Contains(t, r.Findings[0].What, run.Breach)
			require.LessOrEqual(t, len(c.Scenario.Tasks), 1, "not shrunk\n%s", text) // none, where a fault breaks it
			t.Logf("%s", text)
		})
	}
}

// With one worker, the same seed does and finds the same.
func TestFuzzerIsDeterministic(t *testing.T) {
	want := fuzzed(t, FuzzOptions{Seed: 9}, 20)
	require.Empty(t, want.Findings)
	require.Equal(t, 20, want.Programs)
	require.Equal(t, want, fuzzed(t, FuzzOptions{Seed: 9}, 20))
	require.NotEqual(t, want, fuzzed(t, FuzzOptions{Seed: 10}, 20))
}

// Workers share the numbers among them: together they do what one does.
func TestFuzzerSharesWork(t *testing.T) {
	want := fuzzed(t, FuzzOptions{Seed: 9}, 20)
	f := NewFuzzer(FuzzOptions{Seed: 9, Jobs: 3, Units: 20})
	require.Zero(t, f.Progress())
	require.NoError(t, f.Run(t.Context()))
	require.Equal(t, want, f.Report())
	require.Equal(t, Progress{
		Programs: 20, Ops: want.Ops, Scenarios: 20, Schedules: 20 * 3 * schedulesEach, Answers: len(want.Seen),
	}, f.Progress())
}

// A campaign without an end ends when it is told to.
func TestFuzzerEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := NewFuzzer(FuzzOptions{Seed: 9, Jobs: 2, promises: func(explore.Scenario, string) bool { cancel(); return false }})
	require.NoError(t, f.Run(ctx))
	require.Empty(t, f.Report().Findings)
}

func TestFuzzerAgainstLinux(t *testing.T) {
	k := OpenLinux(t)
	r := fuzzed(t, FuzzOptions{Seed: 3, Jobs: 2, Linux: k}, 60)
	require.Empty(t, r.Findings)
	require.Positive(t, r.Played)
	lies := func(explore.Script) (*explore.Run, error) { return &explore.Run{}, nil }
	r = fuzzed(t, FuzzOptions{Seed: 3, Linux: k, play: lies}, 60)
	require.Len(t, r.Findings, 1)
	require.Contains(t, r.Findings[0].What, "Linux gives another run")
	fails := func(explore.Script) (*explore.Run, error) { return nil, errors.New("no stage") }
	require.ErrorContains(t, NewFuzzer(FuzzOptions{Seed: 3, Linux: k, play: fails}).Run(t.Context()), "no stage")
}

// Each row ends before the next one begins.
func TestSampledSchedules(t *testing.T) {
	s, n := sampled(1, 4), 0
	for s.Next() {
		n++
	}
	require.Equal(t, 12, n)
}
