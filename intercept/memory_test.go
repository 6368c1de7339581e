package intercept

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumber(t *testing.T) {
	for text, want := range map[string]uint64{"12 kB\n": 12, "4096000000           unlimited            bytes": 4096000000} {
		n, ok := leadingNumber(text)
		require.True(t, ok, text)
		require.Equal(t, want, n)
	}
	for _, text := range []string{"", "max\n", "unlimited  unlimited bytes", "-1"} {
		_, ok := leadingNumber(text)
		require.False(t, ok, text)
	}
}

func TestAfterLabel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	require.NoError(t, os.WriteFile(file, []byte("MemTotal: 9 kB\nMemAvailable:  7 kB\n"), 0o600))
	require.Equal(t, "7 kB", afterLabel(file, "MemAvailable:"))
	require.Empty(t, afterLabel(file, "Absent:"))
	require.Empty(t, afterLabel(file+"x", "MemTotal:"))
	require.NotZero(t, AvailableMemory())
}
