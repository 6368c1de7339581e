package bpfsys

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// threePages maps a writable, a read-only and an inaccessible page.
func threePages(t *testing.T) (pages []byte, addr uint64) {
	t.Helper()
	page := unix.Getpagesize()
	pages, err := unix.Mmap(-1, 0, 3*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Munmap(pages)) })
	require.NoError(t, unix.Mprotect(pages[page:2*page], unix.PROT_READ))
	require.NoError(t, unix.Mprotect(pages[2*page:], unix.PROT_NONE))
	return pages, uint64(reflect.ValueOf(pages).Pointer())
}

func TestOwnMemoryCopiesUpToTheFault(t *testing.T) {
	_, addr := threePages(t)
	page := unix.Getpagesize()
	mem := NewOwnMemory()
	require.Equal(t, 3, mem.Write(addr+uint64(page)-3, []byte("abcdef")), "the second page is read-only")
	got := make([]byte, page+10)
	require.Equal(t, page+3, mem.Read(got, addr+uint64(page)-3), "the third page is not readable")
	require.Equal(t, "abc\x00", string(got[:4]))
	require.Zero(t, mem.Read(got, 0))
	require.Zero(t, mem.Write(1<<63, got))
}
