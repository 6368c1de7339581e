package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/bpfsim/bpfsim/conform"
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

func TestConformAsJSON(t *testing.T) {
	code, out := runConform("--json", "--types", "stack", "--programs", "-1", "bpfsim")
	require.Zero(t, code)
	var report conform.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.True(t, report.Conforms())
}

func TestConformMisused(t *testing.T) {
	for _, args := range [][]string{
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
