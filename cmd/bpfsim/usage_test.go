package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who calls a command wrongly reads what is wanted and where to read more, and a script can tell it from a verdict.
func TestMisuse(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"nosuch"}, 2, `unknown command "nosuch" (see: bpfsim --help)`},
		{[]string{"help", "nosuch"}, 2, `unknown command "nosuch" (see: bpfsim --help)`},
		{[]string{"--nosuch"}, 2, "unknown flag: --nosuch (see: bpfsim --help)"},
		{[]string{"explore"}, 2, "explore: want one scenario: the name of a file, or - for standard input (see: bpfsim explore --help)"},
		{[]string{"explore", "a", "b"}, 2, "explore: want one scenario: the name of a file, or - for standard input (see: bpfsim explore --help)"},
		{[]string{"explore", "--max", "x", "-"}, 2, "--max x: want a number (see: bpfsim explore --help)"},
		{[]string{"fuzz", "--for", "x"}, 2, "--for x: want a time such as 90s or 10m (see: bpfsim fuzz --help)"},
		{[]string{"fuzz", "x"}, 2, `fuzz: unexpected "x": want flags only (see: bpfsim fuzz --help)`},
		{[]string{"bench", "x"}, 2, `bench: unexpected "x": want flags only (see: bpfsim bench --help)`},
		{[]string{"bench", "--key", "x"}, 2, "--key x: want a number (see: bpfsim bench --help)"},
		{[]string{"compare", "--seed", "-1"}, 2, "--seed -1: want a number from 0 on (see: bpfsim compare --help)"},
		{[]string{"compare", "--cpus", "2"}, 2, "compare: --cpus is about the kernel in qemu: want --qemu with it"},
		{[]string{"run", "--cpus", "x", "true"}, 125, "--cpus x: want a number (see: bpfsim run --help)"},
		{[]string{"run", "--cpus", "99999999999999999999", "true"}, 125, "--cpus 99999999999999999999: want a number that is less (see: bpfsim run --help)"},
	} {
		root := newRoot()
		root.SetArgs(test.args)
		root.SetOut(new(bytes.Buffer))
		err := root.Execute()
		var exit *exitError
		require.True(t, errors.As(err, &exit), "%q: %v", test.args, err)
		require.EqualError(t, exit.err, test.want, "%q", test.args)
		require.Equal(t, test.code, exit.code, "%q", test.args)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"help"}, {"help", "explore"}, {"explore", "--help"}, {"help", "scenario"}, {"help", "run"}} {
		root, out := newRoot(), new(bytes.Buffer)
		root.SetArgs(args)
		root.SetOut(out)
		require.NoError(t, root.Execute(), "%q", args)
		require.NotEmpty(t, out.String())
		require.NotContains(t, out.String(), "(default )", "%q", args)
	}
}
