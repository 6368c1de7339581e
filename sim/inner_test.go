package sim

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// prefix is a key of an LPM_TRIE with 4 bytes of data.
func prefix(length uint32, data ...byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, length), append(data, 0, 0, 0, 0)[:4]...)
}

func createTrie(m *Machine, valueSize uint32) int32 {
	fd, errno := m.User().Create(bpfsys.MapCreate{
		Type: abi.LPMTrie, KeySize: 8, ValueSize: valueSize, MaxEntries: 4, Flags: abi.FlagNoPrealloc,
	})
	must(errno)
	return fd
}

// Linux replaces an element of an LPM_TRIE by a new one, so that a lookup sees one or the other and never half of each, however long
// the value; an ARRAY tears (TestArrayLookupTears).
func TestTrieLookupIsWhole(t *testing.T) {
	seen := map[byte]bool{}
	_, err := Explore(func() *Machine {
		m := NewMachine(Options{CPUs: 2})
		fd := createTrie(m, 16)
		must(m.User().Update(fd, prefix(8, 10), append(word(1), word(1)...), abi.Any))
		must(m.User().Update(fd, prefix(16, 10, 1), append(word(2), word(2)...), abi.Any))
		m.Spawn("writer", 0, func(t *Task) {
			must(t.User().Update(fd, prefix(16, 10, 1), append(word(3), word(3)...), abi.Exist))
			must(t.User().Delete(fd, prefix(16, 10, 1)))
			must(t.User().Update(fd, prefix(16, 11, 1), append(word(4), word(4)...), abi.NoExist))
		})
		m.Spawn("reader", 1, func(t *Task) {
			value, errno := t.User().Lookup(fd, prefix(32, 10, 1, 1, 1))
			must(errno)
			if string(value[:8]) != string(value[8:]) {
				panic("torn")
			}
			seen[value[0]] = true
		})
		return m
	}, NewDFS(2))
	require.NoError(t, err)
	require.Equal(t, map[byte]bool{1: true, 2: true, 3: true}, seen)
}

func TestProgramsReachTheNewTypes(t *testing.T) {
	m := NewMachine(Options{})
	trie := createTrie(m, 8)
	must(m.User().Update(trie, prefix(8, 10), word(7), abi.Any))
	filter, errno := m.User().Create(bpfsys.MapCreate{Type: abi.BloomFilter, ValueSize: 8, MaxEntries: 4})
	must(errno)
	inner := create(m, abi.Array, 8, 1)
	outer, errno := m.User().Create(bpfsys.MapCreate{
		Type: abi.HashOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2, InnerMapFD: inner,
	})
	must(errno)
	must(m.User().Update(outer, key(1), key(uint32(inner)), abi.Any))
	m.Spawn("program", 0, func(task *Task) {
		p := task.Program()
		live, found := p.Lookup(m.Map(trie), prefix(32, 10, 1, 2, 3))
		require.True(t, found)
		require.Equal(t, uint64(7), live.Load(&task.Kernel, 0))

		require.Equal(t, abi.ENOENT, p.Peek(m.Map(filter), word(1)))
		require.Equal(t, abi.OK, p.Push(m.Map(filter), word(1), abi.Any))
		require.Equal(t, abi.OK, p.Peek(m.Map(filter), word(1)))

		_, found = p.LookupInner(m.Map(outer), key(2))
		require.False(t, found)
		counts, found := p.LookupInner(m.Map(outer), key(1))
		require.True(t, found)
		require.Equal(t, abi.ENOTSUPP, p.Delete(m.Map(outer), key(1)))
		require.Equal(t, abi.OK, task.User().Delete(outer, key(1)))
		live, found = p.Lookup(counts, key(0))
		require.True(t, found, "what a program has found stays")
		live.Add(&task.Kernel, 0, 5)
	})
	_, err := m.Run(&First{})
	require.NoError(t, err)
	value, errno := m.User().Lookup(inner, key(0))
	must(errno)
	require.Equal(t, word(5), value)
}
