package patch_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/patch"
	"github.com/stretchr/testify/require"
)

// link runs a linker that prints its arguments, with a list of packages.
func link(t *testing.T, packages string) (out string, err error) {
	t.Helper()
	dir := t.TempDir()
	tool, list := filepath.Join(dir, "link"), filepath.Join(dir, "importcfg.link")
	require.NoError(t, os.WriteFile(tool, []byte("#!/bin/sh\necho \"$@\"\n"), 0o700))
	require.NoError(t, os.WriteFile(list, []byte(packages), 0o600))
	var b strings.Builder
	_, err = patch.Exec([]string{tool, "-o", "program", "-importcfg", list, "main.a"}, &b, &b)
	return strings.ReplaceAll(b.String(), list, "LIST"), err
}

// The linker is told of all that the simulator imports, as the go command knows it, and of nothing else.
func TestLinkListsWhatTheSimulatorNeeds(t *testing.T) {
	cmd := exec.Command("go", "list", "-pgo=off", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", "../bpftest")
	cmd.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	text, err := cmd.Output()
	require.NoError(t, err)
	config, want := "# import config\n", []string{}
	for line := range strings.Lines(string(text)) {
		if path, file, _ := strings.Cut(strings.TrimSpace(line), "="); file != "" {
			config += "packagefile " + path + "=" + file + "\n"
			last := strings.LastIndex(path, "/") + 1
			want = append(want, path[:last]+strings.ReplaceAll(path[last:], ".", "%2e"))
		}
	}
	slices.Sort(want)
	require.Contains(t, want, "net")
	require.Contains(t, want, patch.Simulator)
	config += "packagefile example.com/agent=/nonexistent\nmodinfo \"\"\n"
	out, err := link(t, config)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("-X=runtime.bpfsimFirst2=,%s, -o program -importcfg LIST main.a\n", strings.Join(want, ",")), out)
}

// Programs without the simulator are linked as they are; of an archive that cannot be read nothing is guessed.
func TestLinkOfOthers(t *testing.T) {
	out, err := link(t, "packagefile example.com/agent=/nonexistent\n")
	require.NoError(t, err)
	require.Equal(t, "-o program -importcfg LIST main.a\n", out)

	_, err = link(t, "packagefile "+patch.Simulator+"=/nonexistent\n")
	require.ErrorContains(t, err, "find what "+patch.Simulator+" imports: open /nonexistent")
	member := func(text string) string { return fmt.Sprintf("!<arch>\n%-48s%-10d`\n%s", "_go_.o", len(text), text) }
	for _, archive := range []string{"", "!<arch>\n", "!<arch>\n" + strings.Repeat(" ", 60), member("go object\n!\nother"), member(""), member("xx")[:69],
		member("go object\n!\n\x00go120ld" + strings.Repeat("\xff", 12) + "\x1c\x00\x00\x00\x2c\x00\x00\x00" + strings.Repeat("\xff", 16))} {
		file := filepath.Join(t.TempDir(), "x.a")
		require.NoError(t, os.WriteFile(file, []byte(archive), 0o600))
		_, err = link(t, "packagefile "+patch.Simulator+"="+file+"\n")
		require.ErrorContains(t, err, "its object file is of a form that is not known", "%q", archive)
	}
}
