package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program of an ordinary user that calls bpf(2) through the C library gets right answers from `bpfsim run`, says the plugin of the example.
func TestConformOfRun(t *testing.T) {
	const python = "/usr/bin/python3" // where nobody may execute it
	if _, err := os.Stat(python); err != nil {
		skip(t, "no "+python)
	}
	skipIfRefused(t)
	text, err := os.ReadFile("../../examples/conform/libc.py")
	require.NoError(t, err)
	cmd := bpfsimCommand(t)
	cmd.Args = append(cmd.Args, "conform", "--programs", "5", "--types", "hash,array,stack,lpm_trie", "--",
		"env", asMainVar+"=1", binary, "run", "--quiet", "--cpus", "2", "--", python, "libc.py")
	for _, word := range cmd.Env {
		if home, isHome := strings.CutPrefix(word, "HOME="); isHome {
			cmd.Dir = home // the last one, which is nobody's
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(cmd.Dir, "libc.py"), text, 0o644))
	out := output(t, 0, cmd)
	require.Regexp(t, `MAP_UPDATE_ELEM +\d+ of`, out)
	require.Regexp(t, `all +\d+ of +\d+  \(100.0 %\)`, out)
}
