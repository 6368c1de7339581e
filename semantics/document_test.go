package semantics_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/semantics"
)

var update = flag.Bool("update", false, "write docs/semantics")

const documents = "../docs/semantics"

// The document says what the statements say, which the other tests hold against what kernels do.
func TestDocument(t *testing.T) {
	want := map[string]string{}
	for _, p := range semantics.Pages() {
		want[p.Name] = p.Text
	}
	if *update {
		require.NoError(t, os.RemoveAll(documents))
		require.NoError(t, os.MkdirAll(documents, 0o755))
		for name, text := range want {
			require.NoError(t, os.WriteFile(filepath.Join(documents, name), []byte(text), 0o644))
		}
	}
	files, err := os.ReadDir(documents)
	require.NoError(t, err)
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(documents, f.Name()))
		require.NoError(t, err)
		require.Equal(t, want[f.Name()], string(text), "%s is out of date: go test ./semantics -run TestDocument -update", f.Name())
		delete(want, f.Name())
	}
	require.Empty(t, want, "pages are missing: go test ./semantics -run TestDocument -update")
}
