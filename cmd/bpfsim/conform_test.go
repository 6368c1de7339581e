package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/conform"
	"github.com/bpfsim/bpfsim/semantics"
	"github.com/stretchr/testify/require"
)

// runConform runs `bpfsim conform` and returns its exit status and what it printed.
func runConform(args ...string) (int, string) {
	root, out := newRoot(), new(bytes.Buffer)
	root.SetOut(out)
	root.SetErr(new(bytes.Buffer))
	root.SetArgs(append([]string{"conform"}, args...))
	return exitCode(root.Execute()), out.String()
}

func TestConformBpfsim(t *testing.T) {
	code, out := runConform("--types", "hash,queue", "--programs", "5", "bpfsim")
	require.Zero(t, code, out)
	require.Regexp(t, `(?m)^  all +\d+ of +\d+  \(100.0 %\)$`, out)
}

// An implementation of another series is scored against that series, and found wrong by the latest one.
func TestConformOfASeries(t *testing.T) {
	code, out := runConform("--linux", "6.1", "--types", "lru_hash,array", "--programs", "5", "bpfsim")
	require.Zero(t, code, out)
	require.Regexp(t, `(?m)^  all +\d+ of +\d+  \(100.0 %\)$`, out)
	old := semantics.OnSeries(abi.Linux61, 2)
	report, err := conform.Run(t.Context(), old, conform.Options{Programs: -1, Types: []abi.MapType{abi.LRUHash}})
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(report.Broken, func(b *conform.Broken) bool { return b.Name == "MAP_UPDATE_ELEM/evicts-itself" }))
	report, err = conform.Run(t.Context(), semantics.OnSeries(abi.Latest, 2), conform.Options{Programs: -1, Types: []abi.MapType{abi.LRUHash}, Linux: abi.Linux61})
	require.NoError(t, err)
	at := slices.IndexFunc(report.Broken, func(b *conform.Broken) bool { return b.Name == "MAP_UPDATE_ELEM/evicts-itself" })
	require.GreaterOrEqual(t, at, 0)
	require.Contains(t, report.Broken[at].Text, "Linux 6.1 answers otherwise: A CPU of an LRU map without BPF_F_NO_COMMON_LRU fetches 128")
	require.Equal(t, "6.1", report.Linux)
}

func TestConformAsJSON(t *testing.T) {
	code, out := runConform("--json", "--types", "stack", "--programs", "-1", "bpfsim")
	require.Zero(t, code)
	var report conform.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.True(t, report.Conforms())
}

func TestConformMisused(t *testing.T) {
	for _, args := range [][]string{
		{"--linux", "5.10", "bpfsim"}, {"--qemu", "bpfsim"}, {"--qemu", "--", "linux"},
		{}, {"nonsense"}, {"bpfsim", "linux"}, {"--types", "nonsense", "bpfsim"}, {"--programs", "x", "bpfsim"}, {"--", "/nowhere/plugin"},
	} {
		code, _ := runConform(args...)
		require.Equal(t, exitTrouble, code, args)
	}
}

// A plugin that answers "unsupported" to everything has not been found wrong, and has not been found right.
func TestConformOfNothing(t *testing.T) {
	script := filepath.Join(t.TempDir(), "nothing.sh")
	require.NoError(t, os.WriteFile(script, []byte("while read number rest; do echo $number unsupported; done"), 0o600))
	code, out := runConform("--types", "hash", "--programs", "3", "--", "sh", script)
	require.Equal(t, exitTrouble, code)
	require.Contains(t, out, "nothing asked")
}
