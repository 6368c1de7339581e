package bpfsys

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArenaCopiesUpToTheFirstGap(t *testing.T) {
	a := NewArena()
	copy(a.Map(100, 4, true), "abcd")
	copy(a.Map(104, 4, false), "efgh")
	a.Map(110, 1, true)
	buf := make([]byte, 6)
	for _, tt := range []struct {
		addr        uint64
		read, write int
	}{
		{99, 0, 0}, {100, 6, 4}, {103, 5, 1}, {104, 4, 0}, {107, 1, 0}, {108, 0, 0}, {110, 1, 1}, {1<<64 - 1, 0, 0}, {0, 0, 0},
	} {
		require.Equal(t, tt.read, a.Read(buf, tt.addr), "read at %d", tt.addr)
		require.Equal(t, tt.write, a.Write(tt.addr, []byte("abcdef")[:6]), "write at %d", tt.addr)
		copy(a.Bytes(100, 4), "abcd")
	}
	require.Equal(t, 6, a.Read(buf, 101))
	require.Equal(t, "bcdefg", string(buf))
}

func TestArenaBytes(t *testing.T) {
	a := NewArena()
	addr := a.Put([]byte("hello"))
	require.Equal(t, "ell", string(a.Bytes(addr+1, 3)))
	require.Nil(t, a.Bytes(addr+1, 5))
	require.Nil(t, a.Bytes(0, 1))
	a.Bytes(addr, 1)[0] = 'j'
	require.Equal(t, "jello", string(a.Bytes(addr, 5)))
}

func TestArenaAllocIsDeterministicAndGuarded(t *testing.T) {
	a, b := NewArena(), NewArena()
	for _, n := range []int{0, 1, 4095, 4096, 4097} {
		addr := a.Alloc(n)
		require.Equal(t, addr, b.Alloc(n))
		require.Zero(t, addr%arenaPage)
		require.Equal(t, max(n, 1), a.Read(make([]byte, n+10), addr), "a gap follows")
	}
}

func TestArenaMapRefusesOverlaps(t *testing.T) {
	a := NewArena()
	a.Map(100, 10, true)
	for _, r := range []struct {
		addr uint64
		size int
	}{{95, 6}, {109, 1}, {100, 10}, {102, 2}, {0, 1000}, {5, 0}, {1<<64 - 1, 2}} {
		require.Panics(t, func() { a.Map(r.addr, r.size, true) }, "%v", r)
	}
	a.Map(110, 1, true)
	a.Map(99, 1, true)
}

// put_user stores a word or nothing, also where the word lies on two sides of a border.
func TestPutWordIsAllOrNothing(t *testing.T) {
	d := newDesk(t, 1, 0)
	attr := MapGetNextID{NextID: 0x11223344}.Encode()
	copy(d.Arena.Map(1<<40, 6, true), attr[:6])
	copy(d.Arena.Map(1<<40+6, 2, false), attr[6:8])
	_, errno := d.Kernel.Bpf(d.Task, d.Process, 12, 1<<40, 8)
	require.Equal(t, "EFAULT", errno.String())
	got := make([]byte, 8)
	require.Equal(t, 8, d.Arena.Read(got, 1<<40))
	require.Equal(t, attr[:8], got)
}
