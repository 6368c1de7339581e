package maps

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// bytes is the memory of the nodes that were used and of the top.
func (x *trie) bytes() int { return int(x.nodes.unused)*x.nodes.width + len(x.top.cells)*8 }

// bytes is the memory of the words that were used.
func (w *words) bytes() (n int) {
	for i := range w.root {
		if d := w.root[i].Load(); d != nil {
			n += 8 * dirPages
			for at := range d {
				if d[at].Load() != nil {
					n += 8 * pageWords
				}
			}
		}
	}
	return n + 8*len(w.root) + 8*len(w.only)
}

// bytes is that of a table whose elements have slots.
func (m *perCPULRU) bytes() int {
	const pageBytes, nodeBytes = 64, 24
	n := int(m.arena.unused-m.arena.first) * (m.arena.keys.width + m.arena.values.width + slotBytes + nodeBytes)
	for at := m.occupied.next(0); at <= m.pageNumber(m.mask); at = m.occupied.next(at + 1) {
		n += pageBytes + cap(m.get(at).block)
	}
	return n
}

// Maps that are half full take memory for what they hold.
func TestTypesTakeMemoryForWhatTheyHold(t *testing.T) {
	const entries, cpus = 20_000, 2
	type held interface {
		Updater
		ValueBytes() int
	}
	for _, c := range []struct {
		kind   abi.MapType
		key    uint32
		flags  uint32
		beside int // bytes an element, beside its key and value
		bytes  func(m Map) int
	}{
		{abi.PerCPUHash, 4, 0, 24, func(m Map) int { return m.(*perCPUHash).bytes() }},
		// A page of few elements, and a place in the lists.
		{abi.LRUPerCPUHash, 4, 0, 48, func(m Map) int { return m.(*perCPULRU).bytes() }},
		{abi.PerCPUArray, 4, 0, 0, func(m Map) int { return m.(*perCPUArray).words.bytes() }},
		// Two nodes an element, one of which has a key and a value too that nobody uses, and a cell or two.
		{abi.LPMTrie, 8, abi.FlagNoPrealloc, 2*16 + 12 + 2*8, func(m Map) int { return m.(*trie).bytes() }},
		{abi.ArrayOfMaps, 4, 0, 1, func(m Map) int { return m.(*arrayOfMaps).vector.words.bytes() }},
		{abi.HashOfMaps, 4, 0, 24, func(m Map) int { return m.(*hashOfMaps).hash.bytes() }},
	} {
		spec := Spec{Type: c.kind, KeySize: c.key, ValueSize: 8, MaxEntries: 2 * entries, Flags: c.flags, CPUs: cpus}
		if c.kind == abi.ArrayOfMaps || c.kind == abi.HashOfMaps {
			spec.ValueSize, spec.Inner = idBytes, &Inner{Maps: nobody{}}
		}
		m, errno := New(spec)
		require.Zero(t, errno)
		require.LessOrEqual(t, c.bytes(m), 200, "%v, empty", c.kind)
		key, value := make([]byte, c.key), make([]byte, m.(held).ValueBytes())
		for i := range uint32(entries) {
			binary.NativeEndian.PutUint32(key, i)
			if c.kind == abi.LPMTrie {
				binary.NativeEndian.PutUint32(key, 32)
				binary.BigEndian.PutUint32(key[4:], i*2654435769)
			}
			require.Zero(t, m.(held).Update(new(Task), key, value, abi.Any))
		}
		most := entries * (len(key) + len(value) + c.beside)
		require.LessOrEqual(t, c.bytes(m), most, c.kind)
	}
}

// nobody is a Registry without maps.
type nobody struct{}

func (nobody) Map(uint32) (Map, bool) { return nil, false }
func (nobody) Release(uint32)         {}

// A filter takes a page for the bits around each that is set, and the bits at most.
func TestFilterTakesMemoryForWhatItHolds(t *testing.T) {
	const entries = 1 << 20
	m, errno := New(Spec{Type: abi.BloomFilter, ValueSize: 8, MaxEntries: entries, CPUs: 1})
	require.Zero(t, errno)
	f := m.(*filter)
	bits := int(filterBits(f.spec))
	require.LessOrEqual(t, f.words.bytes(), 200, "empty")
	value := make([]byte, 8)
	for i := range uint64(entries) {
		binary.NativeEndian.PutUint64(value, i)
		require.Zero(t, f.Push(new(Task), value, abi.Any))
		if i == 0 {
			require.LessOrEqual(t, f.words.bytes(), 200+usualHashes*8*(dirPages+pageWords), "one value")
		}
	}
	require.LessOrEqual(t, f.words.bytes(), bits/8+bits/8/64, "all values")
}
