package maps_test

import (
	"bytes"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// trie is what an LPM_TRIE does.
type trie interface {
	maps.Map
	maps.Lookuper
	maps.Updater
	maps.Deleter
	maps.NextKeyer
	maps.LiveLookuper
	maps.FirstDrainer
}

// prefix is a key with 4 bytes of data.
func prefix(length uint32, data ...byte) string {
	key := binary.NativeEndian.AppendUint32(nil, length)
	return string(append(key, append(data, 0, 0, 0, 0)[:4]...))
}

// newTrie makes a trie in which the keys are, with values 1, 2, ...
func newTrie(t testing.TB, entries uint32, keys ...string) trie {
	m := must(t, maps.Spec{
		Type: abi.LPMTrie, KeySize: 8, ValueSize: 1, MaxEntries: entries, Flags: abi.FlagNoPrealloc, CPUs: 1,
	}).(trie)
	for i, key := range keys {
		require.Equal(t, abi.OK, m.Update(on(0), []byte(key), []byte{byte(i + 1)}, abi.Any))
	}
	return m
}

// prefixes is the keys in the order of the walk.
func prefixes(t testing.TB, m trie) (keys []string) {
	var at []byte
	next := make([]byte, 8)
	for m.NextKey(on(0), at, next) == abi.OK {
		keys, at = append(keys, string(next)), next
		require.Less(t, len(keys), 1000, "the walk does not end")
	}
	return keys
}

// Measured on Linux 6.18: the longer prefixes first, those with a 0 first, whatever the order of insertion.
func TestTrieWalk(t *testing.T) {
	want := []string{
		prefix(32, 10), prefix(32, 10, 0, 0, 16), prefix(32, 10, 0, 0, 32), prefix(32, 10, 0, 0, 48),
		prefix(8, 10, 9, 9, 9), prefix(32, 200), prefix(1, 128), prefix(0),
	}
	m := newTrie(t, 100, want...)
	require.Equal(t, want, prefixes(t, m))
	backwards := newTrie(t, 100)
	for i := range want {
		require.Equal(t, abi.OK, backwards.Update(on(0), []byte(want[len(want)-1-i]), []byte{0}, abi.NoExist))
	}
	require.Equal(t, want, prefixes(t, backwards))

	next := make([]byte, 8)
	for _, absent := range []string{prefix(33, 10), prefix(31, 10), prefix(32, 11)} {
		require.Equal(t, abi.OK, m.NextKey(on(0), []byte(absent), next))
		require.Equal(t, want[0], string(next), "% x", absent)
	}
	require.Equal(t, abi.ENOENT, m.NextKey(on(0), []byte(prefix(0, 1, 2, 3)), next), "bits that do not count")
}

func TestTrieLookup(t *testing.T) {
	m := newTrie(t, 4, prefix(8, 10), prefix(16, 10, 1), prefix(24, 10, 1, 1), prefix(32, 10, 1, 1, 9))
	for _, c := range []struct {
		key   string
		errno abi.Errno
		value byte
	}{
		{prefix(32, 10, 1, 1, 1), abi.OK, 3}, {prefix(32, 10, 1, 2, 1), abi.OK, 2}, {prefix(17, 10, 1, 1), abi.OK, 2},
		{prefix(8, 10, 1, 1), abi.OK, 1}, {prefix(7, 10), abi.ENOENT, 0}, {prefix(32, 11), abi.ENOENT, 0},
		{prefix(33, 10, 1, 1, 1), abi.ENOENT, 0}, {prefix(32, 10, 1, 1, 9), abi.OK, 4}, {prefix(31, 10, 1, 1, 9), abi.OK, 3},
	} {
		value := []byte{0}
		require.Equal(t, c.errno, m.Lookup(on(0), []byte(c.key), value), "% x", c.key)
		require.Equal(t, c.value, value[0], "% x", c.key)
	}
}

// An intermediate node is no element: it is not counted, walked, found or deleted.
func TestTrieIntermediateNodes(t *testing.T) {
	m := newTrie(t, 2, prefix(32, 10, 0, 0, 0), prefix(32, 10, 0, 0, 1))
	value := []byte{9}
	between := []byte(prefix(31, 10))
	require.Equal(t, abi.ENOSPC, m.Update(on(0), []byte(prefix(32, 11)), value, abi.Any))
	require.Equal(t, abi.ENOSPC, m.Update(on(0), between, value, abi.NoExist))
	require.Equal(t, abi.ENOENT, m.Update(on(0), between, value, abi.Exist))
	require.Equal(t, abi.ENOENT, m.Delete(on(0), between))
	require.Len(t, prefixes(t, m), 2)
	require.Equal(t, uint64(2*29), m.Memlock())
	require.Equal(t, abi.OK, m.Delete(on(0), []byte(prefix(32, 10, 0, 0, 0))))
	require.Equal(t, abi.OK, m.Update(on(0), between, value, abi.NoExist))
	require.Equal(t, []string{prefix(32, 10, 0, 0, 1), prefix(31, 10)}, prefixes(t, m))
	require.Equal(t, abi.OK, m.Delete(on(0), between))
	require.Equal(t, abi.OK, m.Delete(on(0), []byte(prefix(32, 10, 0, 0, 1))))
	require.Empty(t, prefixes(t, m))
	require.Zero(t, m.Memlock())
}

// An element goes alone: what is below it moves up, and an intermediate node above it stays.
func TestTrieDeleteKeepsWhatIsBelow(t *testing.T) {
	below, beside, another := prefix(24, 10, 128, 129), prefix(16, 10, 1), prefix(8, 77)
	m := newTrie(t, 3, prefix(16, 10, 128), below, beside)
	require.Equal(t, abi.OK, m.Delete(on(0), []byte(prefix(16, 10, 128))))
	require.Equal(t, []string{beside, below}, prefixes(t, m))
	require.Equal(t, abi.OK, m.Update(on(0), []byte(another), []byte{0}, abi.NoExist))
	require.Equal(t, []string{beside, below, another}, prefixes(t, m), "in the memory of the one that went")
	require.Equal(t, abi.OK, m.Delete(on(0), []byte(beside)))
	require.Equal(t, []string{below, another}, prefixes(t, m))
}

// Two keys part at each bit of data of any size.
func TestTrieKeysPartAnywhere(t *testing.T) {
	for size := range 18 {
		for bit := range 8 * size {
			spec := maps.Spec{
				Type: abi.LPMTrie, KeySize: uint32(4 + size), ValueSize: 1, MaxEntries: 3, Flags: abi.FlagNoPrealloc, CPUs: 1,
			}
			m := must(t, spec).(trie)
			one := append(binary.NativeEndian.AppendUint32(nil, uint32(8*size)), bytes.Repeat([]byte{0xa5}, size)...)
			other := bytes.Clone(one)
			other[4+bit/8] ^= 1 << (7 - bit%8)
			above, beside := bytes.Clone(one), bytes.Clone(other)
			binary.NativeEndian.PutUint32(above, uint32(bit+1))
			binary.NativeEndian.PutUint32(beside, uint32(bit+1))
			want := map[string]abi.Errno{string(one): abi.OK, string(other): abi.OK, string(above): abi.OK, string(beside): abi.ENOENT}
			if bit+1 == 8*size {
				want[string(beside)] = abi.OK
			}
			for _, key := range [][]byte{one, other, above} {
				require.Equal(t, abi.OK, m.Update(on(0), key, []byte{1}, abi.Any))
			}
			for key, errno := range want {
				require.Equal(t, errno, m.Lookup(on(0), []byte(key), []byte{0}), "bit %d of %d bytes, key % x", bit, size, key)
			}
		}
	}
}

func TestTrieKeepsBitsThatDoNotCount(t *testing.T) {
	m := newTrie(t, 1, prefix(8, 10, 1, 2, 3), prefix(8, 10, 4, 5, 6))
	require.Equal(t, []string{prefix(8, 10, 4, 5, 6)}, prefixes(t, m))
}

func TestTrieErrnos(t *testing.T) {
	m, value := newTrie(t, 1, prefix(8, 10)), []byte{0}
	require.Equal(t, abi.EINVAL, m.Update(on(0), []byte(prefix(33)), value, abi.Any))
	require.Equal(t, abi.EINVAL, m.Update(on(0), []byte(prefix(8, 10)), value, 3))
	require.Equal(t, abi.EINVAL, m.Delete(on(0), []byte(prefix(33))))
	require.Equal(t, abi.EEXIST, m.Update(on(0), []byte(prefix(8, 10)), value, abi.NoExist))
}

// What a program holds is the value that it found, whatever becomes of the element: Linux links a new node.
func TestTrieLiveValueStays(t *testing.T) {
	m := newTrie(t, 2, prefix(8, 10))
	live, found := m.LookupLive(on(0), []byte(prefix(32, 10)))
	require.True(t, found)
	require.Equal(t, abi.OK, m.Update(on(0), []byte(prefix(8, 10)), []byte{7}, abi.Exist))
	require.Equal(t, uint64(1), live.Load(on(0), 0))
	require.Equal(t, abi.OK, m.Delete(on(0), []byte(prefix(8, 10))))
	for key := range byte(2) { // in the memory of both that were dropped
		require.Equal(t, abi.OK, m.Update(on(0), []byte(prefix(8, 11+key)), []byte{8}, abi.Any))
	}
	require.Equal(t, uint64(1), live.Load(on(0), 0))
}

func TestTriesDoNotAllocate(t *testing.T) {
	m := newTrie(t, 1000)
	key, value, next, task := []byte(prefix(0)), []byte{0}, make([]byte, 8), on(0)
	cycle := func() {
		length, data := binary.NativeEndian.Uint32(key)*7%33, binary.NativeEndian.Uint32(key[4:])*7919+1
		binary.NativeEndian.PutUint32(key, length)
		binary.NativeEndian.PutUint32(key[4:], data)
		m.Update(task, key, value, abi.Any)
		m.Lookup(task, key, value)
		m.NextKey(task, key, next)
		if data%3 == 0 {
			m.Delete(task, key)
		}
	}
	for range 20_000 {
		cycle()
	}
	require.Zero(t, testing.AllocsPerRun(5000, cycle))
}

func TestTrieMemoryIsUsedAgain(t *testing.T) {
	keys := [][]byte{[]byte(prefix(32, 1)), []byte(prefix(32, 2)), []byte(prefix(32, 4)), []byte(prefix(32, 8))}
	m, value, task := newTrie(t, 4), []byte{0}, on(0)
	require.Zero(t, testing.AllocsPerRun(100_000, func() {
		for _, key := range keys {
			m.Update(task, key, value, abi.NoExist)
		}
		for _, key := range keys {
			m.Delete(task, key)
		}
	}))
}

// Limits found by bisection on Linux 6.18, which looks at the shape only behind the caller's permission.
func TestTrieCreate(t *testing.T) {
	for _, c := range []struct {
		key, value, entries, flags uint32
		want                       abi.Errno
	}{
		{8, 8, 4, 1, abi.OK}, {5, 1, 1, 1, abi.OK}, {260, 4194024, 1, 1, abi.OK}, {8, 8, 1<<32 - 1, 1, abi.OK},
		{4, 8, 4, 1, abi.EINVAL}, {261, 8, 4, 1, abi.EINVAL}, {8, 0, 4, 1, abi.EINVAL}, {8, 4194025, 4, 1, abi.EINVAL},
		{8, 8, 0, 1, abi.EINVAL}, {8, 8, 4, 0, abi.EINVAL}, {8, 8, 4, 1 | abi.FlagZeroSeed, abi.EINVAL},
		{8, 8, 4, 1 | abi.FlagNUMANode | abi.FlagReadOnlyProg, abi.OK},
		{8, 8, 4, 1 | abi.FlagReadOnlyProg | abi.FlagWriteOnlyProg, abi.EINVAL},
	} {
		spec := maps.Spec{Type: abi.LPMTrie, KeySize: c.key, ValueSize: c.value, MaxEntries: c.entries, Flags: c.flags, CPUs: 1}
		require.Equal(t, abi.OK, maps.Check(spec, false))
		require.Equal(t, c.want, create(spec, true), "%+v", c)
	}
}

// Goroutines that read and change the same prefixes see values whole, and nothing is lost.
func TestTrieManyGoroutines(t *testing.T) {
	m := must(t, maps.Spec{
		Type: abi.LPMTrie, KeySize: 8, ValueSize: 16, MaxEntries: 64, Flags: abi.FlagNoPrealloc, CPUs: 2,
	}).(trie)
	var all sync.WaitGroup
	for cpu := range 4 {
		all.Go(func() {
			task, next := on(cpu), make([]byte, 8)
			for i := range 20_000 {
				key := []byte(prefix(uint32(i*7%33), byte(i*3), byte(i)))
				value := bytes.Repeat([]byte{byte(i)}, 16)
				switch i % 4 {
				case 0, 1:
					m.Update(task, key, value, abi.Any)
				case 2:
					if m.Lookup(task, key, value) == abi.OK && value[0] != value[15] {
						panic("torn")
					}
				default:
					m.NextKey(task, key, next)
					m.Delete(task, key)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, uint64(len(prefixes(t, m)))*(24+4+16), m.Memlock())
}
