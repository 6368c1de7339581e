package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/proptest/program"
)

// What stands in the way of user memory belongs to somebody else, the C library for example, and stays.
func TestUserMemoryLeavesOthersMemory(t *testing.T) {
	for _, addr := range []uint64{program.Base - guard, scratchBase} {
		require.NoError(t, mapAt(addr, program.PageSize, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON, -1, 0))
		_, err := openUserMemory()
		require.ErrorContains(t, err, "file exists")
		require.True(t, isMapped(addr))
		require.NoError(t, unmap(addr, program.PageSize))
		require.False(t, isMapped(addr))
	}
	u, err := openUserMemory()
	require.NoError(t, err)
	require.True(t, isMapped(program.Base) && isMapped(scratchBase))
	u.close()
	require.False(t, isMapped(program.Base) || isMapped(scratchBase))
}

// isMapped asks msync, which answers ENOMEM for addresses without memory.
func isMapped(addr uint64) bool {
	_, _, errno := unix.Syscall(unix.SYS_MSYNC, uintptr(addr), program.PageSize, unix.MS_ASYNC)
	return errno == 0
}
