package main

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBenchWritesWhatItMeasured(t *testing.T) {
	dir := t.TempDir()
	profile, figures := filepath.Join(dir, "cpu.pprof"), filepath.Join(dir, "bench.json")
	cmd := newBench()
	var out strings.Builder
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs([]string{"--group", "sparse", "--quick", "--cpuprofile", profile, "--json", figures})
	require.NoError(t, cmd.Execute())
	require.Contains(t, out.String(), "walk 10 entries in 2^24 slots")
	json, err := os.ReadFile(figures)
	require.NoError(t, err)
	require.Contains(t, string(json), "walk 10 entries in 2^24 slots")
	f, err := os.Open(profile)
	require.NoError(t, err)
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	require.NoError(t, err)
	content, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	require.Contains(t, string(content), "nanoseconds", "the unit of a CPU profile")
}

func TestBenchCannotWriteItsProfile(t *testing.T) {
	cmd := newBench()
	cmd.SetErr(io.Discard)
	cmd.SetArgs([]string{"--group", "sparse", "--quick", "--cpuprofile", t.TempDir()})
	require.ErrorContains(t, cmd.Execute(), "is a directory")
}

// An interrupt prints what has been measured, and says so with its status.
func TestBenchInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	cmd := newBench()
	var out strings.Builder
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs([]string{"--group", "sparse", "--quick"})
	err := cmd.ExecuteContext(ctx)
	var exit *exitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 130, exit.code)
	require.Contains(t, out.String(), runtime.GOARCH, "the machine, with no lines below it")
}
