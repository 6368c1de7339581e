//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// makeArena makes a map of the type that came with 6.9.
func makeArena(t *testing.T) error {
	t.Helper()
	fd, err := bpf(bpfsys.MapCreate{Type: abi.Arena, MaxEntries: 1, Flags: abi.FlagMmapable})
	if err == nil {
		require.NoError(t, unix.Close(fd))
	}
	return err
}

func TestLinux(t *testing.T) {
	t.Run("option", func(t *testing.T) {
		bpftest.Kernel(t, bpftest.Linux("6.1"))
		require.ErrorIs(t, makeArena(t), unix.EINVAL)
	})
	t.Run("environment", func(t *testing.T) {
		t.Setenv("BPFSIM_LINUX", "6.1")
		bpftest.Kernel(t)
		require.ErrorIs(t, makeArena(t), unix.EINVAL)
	})
	t.Run("the option has the last word", func(t *testing.T) {
		t.Setenv("BPFSIM_LINUX", "6.1")
		bpftest.Kernel(t, bpftest.Linux("6.12"))
		require.NoError(t, makeArena(t))
	})
	t.Run("latest", func(t *testing.T) {
		bpftest.Kernel(t)
		require.NoError(t, makeArena(t))
	})
	t.Run("a series without a profile", func(t *testing.T) {
		require.Contains(t, record(t, func(t testing.TB) { bpftest.Kernel(t, bpftest.Linux("6.13")) }), `bpftest: Linux or BPFSIM_LINUX: no profile of Linux "6.13": want one of [6.1 6.12 6.18]`)
	})
}
