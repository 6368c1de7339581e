package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// Programs take of the memory of all, and give it back when they are gone, or turned down.
func TestMemoryOfPrograms(t *testing.T) {
	c := NewCaller(NewKernel(Options{Memory: megabyte}))
	load := func(n int, last uint64) (int32, abi.Errno) {
		code := make([]uint64, n)
		for i := range code {
			code[i] = codeMove
		}
		code[n-1] = last
		return c.Do(ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: uint32(n), Insns: c.Arena.Put(insns(code...)), License: c.Arena.Put([]byte("GPL\x00"))})
	}
	const half = megabyte / 2 / 8
	for range 3 {
		fd, errno := load(half, codeExit)
		require.Equal(t, abi.OK, errno)
		_, errno = load(half, codeExit)
		require.Equal(t, abi.ENOMEM, errno, "a second one")
		require.Equal(t, abi.OK, c.Process.Files.(*FDTable).Close(fd))
		_, errno = load(half, codeMove)
		require.Equal(t, abi.EINVAL, errno, "one that does not end keeps nothing")
	}
}
