package bpfsim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
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
