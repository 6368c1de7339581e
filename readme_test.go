package bpfsim_test

import (
	"os"
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

// block is a code block of a page.
type block struct{ language, text string }

func blocks(page string) (all []block) {
	for rest := page; ; {
		var found bool
		if _, rest, found = strings.Cut(rest, "\n```"); !found {
			return all
		}
		language, text, _ := strings.Cut(rest, "\n")
		text, rest, _ = strings.Cut(text, "\n```")
		all = append(all, block{language, text + "\n"})
	}
}

// The code of the page's stories is code that is tested: each block names its file, and every paragraph of it stands there.
func TestReadmeStories(t *testing.T) {
	before, _, found := strings.Cut(readme(t), "## Install")
	require.True(t, found)
	stories := 0
	for _, b := range blocks(before) {
		if b.language != "go" {
			continue
		}
		stories++
		name, code, _ := strings.Cut(strings.TrimPrefix(b.text, "// "), "\n")
		file, err := os.ReadFile(filepath.FromSlash(name))
		require.NoError(t, err)
		require.Contains(t, string(file), strings.TrimSpace(code), "%s and the README", name)
	}
	require.Equal(t, 2, stories)
}
