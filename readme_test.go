package bpfsim_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	bpfsys "github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the generated tables into README.md")

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

// between is the part of text between the markers <!-- name --> and <!-- /name -->, and what stands around it.
func between(t *testing.T, text, name string) (before, part, after string) {
	t.Helper()
	before, rest, ok := strings.Cut(text, "<!-- "+name+" -->\n")
	require.True(t, ok, "no marker %s", name)
	part, after, ok = strings.Cut(rest, "<!-- /"+name+" -->\n")
	require.True(t, ok, "no end of marker %s", name)
	return before, part, after
}

// The tables say what the dispatch does, because they are made from it.
func TestReadmeTables(t *testing.T) {
	for name, want := range map[string]string{"commands": bpfsys.CommandTable(), "types": bpfsys.MapTypeTable()} {
		before, part, after := between(t, readme(t), name)
		if *update {
			text := before + "<!-- " + name + " -->\n" + want + "<!-- /" + name + " -->\n" + after
			require.NoError(t, os.WriteFile("README.md", []byte(text), 0o644))
			continue
		}
		require.Equal(t, want, part, "table %s is out of date: go test . -run TestReadmeTables -update", name)
	}
}

// fenced is the content of the first code block of a language.
func fenced(t *testing.T, text, language string) (block, after string) {
	t.Helper()
	_, rest, ok := strings.Cut(text, "```"+language+"\n")
	require.True(t, ok, "no block of %q", language)
	block, after, ok = strings.Cut(rest, "```\n")
	require.True(t, ok)
	return block, after
}

// The example runs as it stands and prints what the page says.
func TestReadmeExample(t *testing.T) {
	program, after := fenced(t, readme(t), "go")
	want, _ := fenced(t, after, "")
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(program), 0o644))
	out, err := exec.Command("go", "run", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, want, string(out))
}
