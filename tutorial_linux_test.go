//go:build linux && (amd64 || arm64)

package bpfsim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// asPattern matches what a page says that a command prints: "..." is anything, and times are what they are.
func asPattern(line string) *regexp.Regexp {
	pattern := regexp.QuoteMeta(strings.TrimSpace(line))
	pattern = strings.ReplaceAll(pattern, `\.\.\.`, `.*`)
	pattern = regexp.MustCompile(`\d+\\\.\d+s`).ReplaceAllString(pattern, `[\d.]+s`)
	return regexp.MustCompile(pattern)
}

// The tutorial is followed word for word: files are written, commands typed, and what they print is compared. Only the first block is not, as it
// downloads: the module gets the dependencies that the examples have, and this project as it is here.
func TestTutorial(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs tests half a dozen times")
	}
	page, err := os.ReadFile(filepath.Join("docs", "tutorial.md"))
	require.NoError(t, err)
	dir := newModule(t, "example.com/blocker")
	all := blocks(string(page))
	require.Contains(t, all[0].text, "go mod init example.com/blocker")
	var printed string
	for _, b := range all[1:] {
		switch b.language {
		case "go":
			name, _, _ := strings.Cut(strings.TrimPrefix(b.text, "// "), "\n")
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(b.text), 0o644))
		case "sh":
			printed = inModule(t, dir, "sh", "-euc", b.text)
		default:
			for line := range strings.Lines(b.text) {
				at := asPattern(line).FindStringIndex(printed)
				require.NotNil(t, at, "%q is not in what is left of what was printed:\n%s", line, printed)
				printed = printed[at[1]:]
			}
		}
	}
}

// newModule is a module that uses this project and what examples use.
func newModule(t *testing.T, path string) string {
	t.Helper()
	root, err := os.Getwd()
	require.NoError(t, err)
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("examples", "fakes", name))
		require.NoError(t, err)
		text = []byte(strings.NewReplacer("github.com/bpfsim/bpfsim/examples/fakes", path, "=> ../..", "=> "+root).Replace(string(text)))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
	return dir
}

func inModule(t *testing.T, dir string, command ...string) string {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}
