package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// spec runs `bpfsim spec` and returns its exit status and what it printed.
func spec(args ...string) (int, string) {
	root, out := newRoot(), new(bytes.Buffer)
	root.SetOut(out)
	root.SetArgs(append([]string{"spec"}, args...))
	return exitCode(root.Execute()), out.String()
}

func TestSpec(t *testing.T) {
	code, out := spec("einval", "BPF_MAP_LOOKUP_ELEM", "lru_hash")
	require.Zero(t, code)
	require.Regexp(t, `(?s)^# BPF_MAP_LOOKUP_ELEM\n.*4\. \*\*EINVAL\*\*, tail.*5\. \*\*EINVAL\*\*, flags`, out)
	require.NotContains(t, out, "EBADF")
	require.NotContains(t, out, "QUEUE")
}

func TestSpecMisused(t *testing.T) {
	for _, args := range [][]string{{"nonsense"}, {"prog_load"}, {"EPROTO", "MAP_LOOKUP_ELEM"}} {
		code, out := spec(args...)
		require.Equal(t, exitTrouble, code, args)
		require.Empty(t, out)
	}
}

func TestSpecOfASeries(t *testing.T) {
	code, out := spec("--linux", "6.1", "MAP_UPDATE_ELEM", "lru_hash")
	require.Zero(t, code)
	require.Contains(t, out, "(lru-target).")
	for _, series := range []string{"6.2", "5.15", "7", "six", "6.1 "} {
		code, out = spec("--linux", series, "MAP_CREATE")
		require.Equal(t, exitTrouble, code, series)
		require.Empty(t, out)
	}
}
