package bpfsys

import (
	"bytes"
	"math"
	"os"
	"strings"
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

// The judge is the kernel, which reads for this process what write(2) is given.
func TestProcessMemoryWithoutReadPermission(t *testing.T) {
	mem := &ProcessMemory{Thread: os.Getpid()}
	pipe := [2]int{}
	require.NoError(t, unix.Pipe2(pipe[:], unix.O_CLOEXEC))
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	for _, protection := range []int{unix.PROT_WRITE, unix.PROT_EXEC, unix.PROT_WRITE | unix.PROT_EXEC, unix.PROT_NONE} {
		first, border := twoPages(t, unix.PROT_READ|unix.PROT_WRITE)
		second := first[len(first):cap(first)]
		copy(first[len(first)-4:], "abcd")
		copy(second, "efgh")
		require.NoError(t, unix.Mprotect(second, protection))
		want := 4
		if n, err := unix.Write(pipe[1], second[:4]); err == nil {
			want += n
		}
		var got [8]byte
		require.Equal(t, want, mem.Read(got[:], border-4), "protection %d", protection)
		require.Equal(t, "abcdefgh"[:want], string(got[:want]))
		if protection&unix.PROT_WRITE == 0 {
			require.Zero(t, mem.Write(border, got[:]), "protection %d", protection)
		}
	}
}

func TestProcessMemoryOddAddresses(t *testing.T) {
	mem := &ProcessMemory{Thread: os.Getpid()}
	var got [16]byte
	for _, addr := range []uint64{0, 1, 1 << 47, 1 << 63, math.MaxUint64 - 7, math.MaxUint64} {
		require.Zero(t, mem.Read(got[:], addr), "%#x", addr)
		require.Zero(t, mem.Write(addr, got[:]), "%#x", addr)
	}
	require.Zero(t, (&ProcessMemory{Thread: math.MaxInt32}).Read(got[:], 4096), "no such thread")
	require.Empty(t, ownFilesThatEndIn(t, "/mem"), "nothing stays open of what was looked at")
}

func ownFilesThatEndIn(t *testing.T, suffix string) (names []string) {
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, fd := range fds {
		if name, _ := os.Readlink("/proc/self/fd/" + fd.Name()); strings.HasSuffix(name, suffix) {
			names = append(names, name)
		}
	}
	return names
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

// What was announced is read as if each part were copied by itself: up to the fault, and what this call wrote itself.
func TestProcessMemoryReadInOrder(t *testing.T) {
	mem := &ProcessMemory{}
	first, border := twoPages(t, unix.PROT_NONE)
	for i := range first {
		first[i] = byte(i)
	}
	start := border - 1030
	mem.Begin(os.Getpid())
	mem.ReadInOrder(start, 1<<40)
	mem.ReadInOrder(start, 1030)
	var got [4]byte
	for at := start; at+4 <= border; at += 4 {
		want := first[len(first)-int(border-at):][:4]
		for range 2 { // one from each window
			require.Equal(t, 4, mem.Read(got[:], at))
			require.Equal(t, want, got[:])
		}
	}
	require.Equal(t, 2, mem.Read(got[:], border-2), "the bytes before the fault")
	require.Zero(t, mem.Read(got[:], border))

	mem.Begin(os.Getpid())
	mem.ReadInOrder(start, 1030)
	require.Equal(t, 4, mem.Read(got[:], start))
	require.Equal(t, 1, mem.Write(start+4, []byte{77}))
	require.Equal(t, 4, mem.Read(got[:], start+4))
	require.EqualValues(t, 77, got[0], "what the call wrote meanwhile")
	first[len(first)-1022] = 78
	mem.Begin(os.Getpid())
	require.Equal(t, 4, mem.Read(got[:], start+8))
	require.EqualValues(t, 78, got[0], "another call reads anew")
}

// What was announced reaches the memory before anything else is written; a fault is reported by what comes behind it.
func TestProcessMemoryWriteInOrder(t *testing.T) {
	mem := &ProcessMemory{}
	first, border := twoPages(t, unix.PROT_READ)
	start := border - 1030
	mem.Begin(os.Getpid())
	mem.WriteInOrder(start, 8)
	mem.WriteInOrder(start+8, 1<<40)
	for i := range uint64(2) {
		require.Equal(t, 4, mem.Write(start+4*i, []byte("abcd")))
		require.Equal(t, 4, mem.Write(start+8+4*i, []byte("efgh")))
	}
	require.Equal(t, 1, mem.Write(start+20, []byte("x")))
	require.Equal(t, "abcdabcdefghefgh\x00\x00\x00\x00x", string(first[len(first)-1030:][:21]))

	mem.Begin(os.Getpid())
	mem.WriteInOrder(border-2, 4)
	require.Equal(t, 4, mem.Write(border-2, []byte("abcd")))
	require.Zero(t, mem.Write(start, []byte("x")))
	require.Zero(t, mem.Write(start, []byte("x")), "for good")
	require.Equal(t, "ab", string(first[len(first)-2:]))
	mem.Begin(os.Getpid())
	require.Equal(t, 1, mem.Write(start, []byte("x")), "until the next call")

	mem.WriteInOrder(start, 8)
	mem.Write(start, []byte("left"))
	mem.Begin(os.Getpid())
	require.Equal(t, 1, mem.Write(start+20, []byte("y")))
	require.NotEqual(t, "left", string(first[len(first)-1030:][:4]))
}

// What was announced may be more than a window holds.
func TestProcessMemoryBeyondAWindow(t *testing.T) {
	mem, part := &ProcessMemory{}, make([]byte, 999)
	source := bytes.Repeat([]byte("0123456789abcde"), 3*windowSize/15)
	copied := make([]byte, len(source))
	mem.Begin(os.Getpid())
	mem.ReadInOrder(addressOf(source), uint64(len(source)))
	mem.WriteInOrder(addressOf(copied), uint64(len(source)))
	for at := 0; at < len(source); at += len(part) {
		part = part[:min(len(part), len(source)-at)]
		require.Equal(t, len(part), mem.Read(part, addressOf(source)+uint64(at)))
		require.Equal(t, len(part), mem.Write(addressOf(copied)+uint64(at), part))
	}
	require.True(t, mem.flush())
	require.Equal(t, source, copied)
}
