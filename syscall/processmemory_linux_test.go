package bpfsys

import (
	"bytes"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// twoPages maps a page with the given protection behind a writable one and returns the address of the second.
func twoPages(t *testing.T, second int) (first []byte, border uint64) {
	t.Helper()
	size := os.Getpagesize()
	region, err := unix.MmapPtr(-1, 0, nil, uintptr(2*size), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.MunmapPtr(region, uintptr(2*size))) })
	pages := pagesAt(region, 2*size)
	require.NoError(t, unix.Mprotect(pages[size:], second))
	return pages[:size], uint64(uintptr(region)) + uint64(size)
}

func TestProcessMemoryStopsAtFault(t *testing.T) {
	mem := &ProcessMemory{Thread: os.Getpid()}
	first, border := twoPages(t, unix.PROT_NONE)
	copy(first[len(first)-3:], "abc")

	var got [8]byte
	require.Equal(t, 3, mem.Read(got[:], border-3), "the bytes before the fault are read")
	require.Equal(t, "abc", string(got[:3]))
	require.Equal(t, 2, mem.Write(border-2, []byte("xyz")), "the bytes before the fault are written")
	require.Equal(t, "axy", string(first[len(first)-3:]))
	require.Zero(t, mem.Read(got[:], border))
	require.Zero(t, mem.Write(border, []byte("x")))
}

func TestProcessMemoryReadOnlyPage(t *testing.T) {
	mem := &ProcessMemory{Thread: os.Getpid()}
	_, border := twoPages(t, unix.PROT_READ)
	var got [8]byte
	require.Equal(t, 8, mem.Read(got[:], border-4))
	require.Equal(t, 4, mem.Write(border-4, got[:]))
}

func TestProcessMemoryOddAddresses(t *testing.T) {
	mem := &ProcessMemory{Thread: os.Getpid()}
	var got [16]byte
	for _, addr := range []uint64{0, 1, 1 << 47, 1 << 63, math.MaxUint64 - 7, math.MaxUint64} {
		require.Zero(t, mem.Read(got[:], addr), "%#x", addr)
		require.Zero(t, mem.Write(addr, got[:]), "%#x", addr)
	}
	require.Zero(t, (&ProcessMemory{Thread: math.MaxInt32}).Read(got[:], 4096), "no such thread")
}

// More pages than one call takes.
func TestProcessMemoryLarge(t *testing.T) {
	mem := &ProcessMemory{Thread: os.Getpid()}
	source := bytes.Repeat([]byte("0123456789abcde"), 3*pagesAtOnce*os.Getpagesize()/15)
	got := make([]byte, len(source))
	require.Equal(t, len(got), mem.Read(got, addressOf(source)))
	require.Equal(t, source, got)
	clear(got)
	require.Equal(t, len(got), mem.Write(addressOf(got), source))
	require.Equal(t, source, got)
}
