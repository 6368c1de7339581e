package replay

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// Ids that a program has not lie between two that it has, or nowhere.
func TestIDTable(t *testing.T) {
	ids := newIDTable()
	ids.add(2)
	ids.add(5)
	for recorded, want := range map[uint32][2]uint32{0: {0, 0}, 2: {1, 1}, 5: {2, 2}, 3: {1, noID}, 1: {0, noID}, 9: {noID, noID}} {
		require.Equal(t, want, [2]uint32{ids.ours(recorded, true), ids.ours(recorded, false)}, recorded)
	}
	require.Equal(t, uint64(5), ids.theirs(2))
	require.Equal(t, uint64(7), ids.theirs(7))
}

func lookup(key, room int) *recording.Call {
	return &recording.Call{Call: program.Call{Cmd: abi.MapLookupElem, Attr: 0x10003, Contents: make([]byte, 32),
		Memory: []program.Write{{Addr: 0x20005, Bytes: make([]byte, key)}}}, Wrote: []program.Write{{Addr: 0x30007, Bytes: make([]byte, room)}}}
}

// Pieces of memory lie apart from each other, and ones that are too large are refused.
func TestPlaces(t *testing.T) {
	p, err := newPlaces(lookup(4000, 6000), 16384)
	require.NoError(t, err)
	require.Len(t, p.all, 3)
	for i, a := range p.all {
		require.Equal(t, a.from%apart, a.to%apart)
		require.True(t, a.to+uint64(a.size) <= program.Base+program.GapPage*program.PageSize || a.to >= program.ExtraBase && a.to+uint64(a.size) <= program.ExtraBase+16384)
		for _, b := range p.all[i+1:] {
			require.True(t, a.to+uint64(a.size) <= b.to || b.to+uint64(b.size) <= a.to)
		}
	}
	_, err = newPlaces(lookup(4000, 20000), 16384)
	require.Equal(t, errRoom, err)
	p, err = newPlaces(lookup(4, 9000), 16384)
	require.NoError(t, err)
	at, ok := p.find(0x30007 + 8999)
	require.True(t, ok)
	require.Greater(t, at, program.ExtraBase)
}

// Memory that ends when a call is recorded ends where it is replayed.
func TestPlacesAtAFault(t *testing.T) {
	c := lookup(8, 100)
	c.Faulted = []recording.Fault{{Addr: 0x20005 + 8}, {Addr: 0x30007 + 100, Write: true}}
	p, err := newPlaces(c, 16384)
	require.NoError(t, err)
	arena := program.NewArena()
	arena.Extend(make([]byte, 16384))
	for _, from := range []uint64{0x20005, 0x30007} {
		at, ok := p.find(from)
		require.True(t, ok)
		require.Len(t, arena.Span(at, 1000, program.ToWrite), map[uint64]int{0x20005: 8, 0x30007: 100}[from])
	}
	c.Faulted = []recording.Fault{{Addr: 0x20007, Write: true}}
	_, err = newPlaces(c, 16384)
	require.Equal(t, errFaults, err)
}
