package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// page is a page of the documentation.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	require.NoError(t, err)
	return string(text)
}

// Every flag of run is explained, and none that does not exist.
func TestReadmeFlags(t *testing.T) {
	text := page(t, "README.md")
	newRun().Flags().VisitAll(func(f *pflag.Flag) {
		require.Contains(t, text, "| `--"+f.Name, "the table of run's flags in README.md")
	})
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "| `--"); ok {
			name = name[:strings.IndexAny(name, " `")]
			require.NotNil(t, newRun().Flags().Lookup(name), name)
		}
	}
}

// inShell runs a script of a page as somebody who has installed bpfsim, at the top of the repository.
func inShell(t *testing.T, script string) string {
	t.Helper()
	home := t.TempDir()
	wrapper := "#!/bin/sh\n" + asMainVar + "=1 exec " + binary + " \"$@\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(home, "bpfsim"), []byte(wrapper), 0o755))
	cmd := exec.Command("sh", "-euc", script)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "PATH="+home+":"+os.Getenv("PATH"))
	return output(t, 0, cmd)
}

// What the page types at a bpffs works as it stands.
func TestReadmeShell(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	_, rest, found := strings.Cut(page(t, "README.md"), "```sh\nbpfsim run ")
	require.True(t, found)
	script, _, _ := strings.Cut(rest, "```")
	require.Contains(t, inShell(t, "bpfsim run "+script), "key: 01 00 00 00  value: 01 02 03 04 05 06 07 08")
}

// What the page says that commands print, they print.
func TestReadmeConsole(t *testing.T) {
	rest, found := page(t, "README.md"), 0
	for {
		var more bool
		if _, rest, more = strings.Cut(rest, "```\n$ "); !more {
			break
		}
		found++
		command, printed, _ := strings.Cut(rest, "\n")
		want, _, _ := strings.Cut(printed, "\n```")
		require.Equal(t, want, inShell(t, command+" || [ $? = 1 ]"))
	}
	require.Positive(t, found)
}
