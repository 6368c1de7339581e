package recording

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

func TestSpans(t *testing.T) {
	var s spans
	s.note(10, []byte("abcdef"))
	s.note(20, []byte("xy"))
	s.note(12, []byte("CD"))
	s.note(22, []byte("z"))
	s.note(8, []byte("12"))
	require.Equal(t, []program.Write{{Addr: 8, Bytes: []byte("12abCDef")}, {Addr: 20, Bytes: []byte("xyz")}}, s.ordered())
	s.note(14, []byte("45678901"))
	require.Equal(t, []program.Write{{Addr: 8, Bytes: []byte("12abCD45678901z")}}, s.ordered())
	require.Equal(t, [][2]int{{0, 3}, {18, 20}}, without(s.ordered(), 5, 20))
}

// What a call reads first is an input, what it wrote before is none, and where memory ends is noted.
func TestMemoryOfACall(t *testing.T) {
	arena := bpfsys.NewArena()
	copy(arena.Map(0x1000, 16, true), "abcdefghijklmnop")
	copy(arena.Map(0x1010, 16, false), "ABCDEFGHIJKLMNOP")
	m := &memory{Memory: arena}
	p := make([]byte, 8)
	require.Equal(t, 8, m.Read(p, 0x1000))
	require.Equal(t, 4, m.Write(0x1004, []byte("1234")))
	require.Equal(t, 8, m.Read(p, 0x1002))
	require.Equal(t, 8, m.Read(p, 0x1008))
	require.Equal(t, 4, m.Write(0x100c, []byte("56789")), "the rest is read-only")
	require.Equal(t, 4, m.Read(p, 0x101c))
	require.Equal(t, []program.Write{{Addr: 0x1000, Bytes: []byte("abcdefghijklmnop")}, {Addr: 0x101c, Bytes: []byte("MNOP")}}, m.read.ordered())
	require.Equal(t, []program.Write{{Addr: 0x1004, Bytes: []byte("1234")}, {Addr: 0x100c, Bytes: []byte("5678")}}, m.wrote.ordered())
	require.Equal(t, []Fault{{0x1010, true}, {0x1020, false}}, m.faulted)

	again := &memory{Memory: arena}
	require.Equal(t, 4, again.Write(0x1002, []byte("wxyz")))
	require.Equal(t, 8, again.Read(p, 0x1000))
	require.Equal(t, []program.Write{{Addr: 0x1000, Bytes: []byte("ab")}, {Addr: 0x1006, Bytes: []byte("34")}}, again.read.ordered())
}

// When a call is made again its memory ends where it did.
func TestMemoryAgain(t *testing.T) {
	m := NewMemory(&Call{Call: program.Call{Cmd: abi.MapFreeze, Attr: 0x100, Contents: []byte{1, 2}, Memory: []program.Write{{Addr: 0x102, Bytes: []byte{3}}}},
		Faulted: []Fault{{0x103, false}, {0x205, true}}})
	p := make([]byte, 4)
	require.Equal(t, 3, m.Read(p, 0x100))
	require.Empty(t, m.Notes())
	require.Equal(t, 5, m.Write(0x200, make([]byte, 8)))
	require.Equal(t, 0, m.Write(0x103, p))
	require.Equal(t, 2, m.Write(0x101, []byte{7, 8}))
	require.Equal(t, 3, m.Read(p, 0x100))
	require.Equal(t, []byte{1, 7, 8}, p[:3])
	require.Equal(t, 0, m.Read(p, 0x300))
	require.NotEmpty(t, m.Notes())
}

// What a call has written itself is no input when it reads that only.
func TestMemoryReadsItsOwn(t *testing.T) {
	arena := bpfsys.NewArena()
	arena.Map(0x1000, 16, true)
	m := &memory{Memory: arena}
	m.Write(0x1000, []byte("1234"))
	require.Equal(t, 4, m.Read(make([]byte, 4), 0x1000))
	require.Empty(t, m.read)
}
