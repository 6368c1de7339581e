//go:build unix

package recording

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nobody else may read a recording, be it written over a file that all could.
func TestCreateForTheOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.rec")
	require.NoError(t, os.WriteFile(path, make([]byte, 1<<16), 0o644))
	require.NoError(t, os.Chmod(path, 0o666))
	w, err := Create(path, header())
	require.NoError(t, err)
	require.NoError(t, w.Close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	require.Less(t, info.Size(), int64(1<<16), "what was there before is gone")
}
