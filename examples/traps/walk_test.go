package traps

import (
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

// cilium/ebpf#9, cilium/ebpf#11, cilium/cilium#8073: the key on which a walk stands is deleted, and the walk starts again, for ever if
// flows come and go as fast as it walks.
func TestWalkWithoutEnd(t *testing.T) {
	m, program := begin(t, ebpf.Hash, 8, 4)
	newest := uint32(100)
	churn := func(key uint32) { // a flow ends, another one begins
		require.NoError(t, program.Delete(key))
		require.NoError(t, program.Put(newest, uint64(0)))
		newest++
	}
	var key uint32
	steps := 0
	for err := m.NextKey(nil, &key); err == nil && steps < 1000; steps++ {
		churn(key)
		err = m.NextKey(key, &key)
	}
	require.Equal(t, 1000, steps, "a table of 4 entries")

	all, err := m.All(8)
	require.NoError(t, err)
	require.Len(t, all, 4)
}

// digitalocean-labs/ebpf_exporter#36: the library's iterator gives up after as many keys as the map can have. What it has read by then is right,
// but a page of metrics became an error 500.
func TestIterationAborted(t *testing.T) {
	m, program := begin(t, ebpf.Hash, 8, 4)
	newest := uint32(100)
	var key uint32
	var value uint64
	walk := m.Iterate()
	for walk.Next(&key, &value) {
		require.NoError(t, program.Delete(key))
		require.NoError(t, program.Put(newest, uint64(0)))
		newest++
	}
	require.ErrorIs(t, walk.Err(), ebpf.ErrIterationAborted)

	all, err := m.All(8)
	require.NoError(t, err)
	require.Len(t, all, 4)
}

// cilium/cilium#9645, cilium/cilium#3867: a walk that starts again returns entries twice, and who adds up while walking counts them twice.
func TestSumCountsTwice(t *testing.T) {
	m, program := begin(t, ebpf.Hash, 8, 6)
	sum, seen := uint64(0), make(map[uint32]uint64)
	var key uint32
	var value uint64
	visits := 0
	for walk := m.Iterate(); walk.Next(&key, &value); visits++ {
		sum += value
		seen[key] = value
		if visits == 2 {
			require.NoError(t, program.Delete(key))
		}
	}
	want := uint64(10 * (0 + 1 + 2 + 3 + 4 + 5))
	require.Greater(t, sum, want)
	require.EqualValues(t, want, total(seen), "each key counts once")
}

func total(entries map[uint32]uint64) (sum uint64) {
	for _, value := range entries {
		sum += value
	}
	return sum
}

// cilium/cilium#3946, cilium/cilium#13905: a callback that deletes the key it is shown sends the walk back to the start, past all that
// it keeps.
func TestDeletionByTheWalker(t *testing.T) {
	const filled = 16
	odd := func(key uint32) bool { return key%2 == 1 }
	m, _ := begin(t, ebpf.Hash, filled, filled)
	var key uint32
	visits := 0
	for err := m.NextKey(nil, &key); err == nil; err = m.NextKey(key, &key) {
		visits++
		if odd(key) {
			require.NoError(t, m.Delete(key))
		}
	}
	require.Greater(t, visits, filled)

	for key := range uint32(filled) {
		require.NoError(t, m.Put(key, uint64(0)))
	}
	visits = 0
	require.NoError(t, m.Walk(func(key uint32) error {
		visits++
		if odd(key) {
			return m.Delete(key)
		}
		return nil
	}))
	require.Equal(t, filled, visits)
}

// iovisor/bcc#350, iovisor/bcc#2046: a key is returned, and gone when its value is asked for. That is no error.
func TestKeyGoneBeforeItsValue(t *testing.T) {
	m, program := begin(t, ebpf.Hash, 8, 4)
	var key uint32
	var value uint64
	require.NoError(t, m.NextKey(nil, &key))
	require.NoError(t, program.Delete(key))
	require.ErrorIs(t, m.Lookup(key, &value), ebpf.ErrKeyNotExist)

	all, err := m.All(8) // a batch reads both at once
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.NotContains(t, all, key)
}

// cilium/ebpf#233: every index of an array of maps is a key, also one with no map in it.
func TestHoles(t *testing.T) {
	begin(t, ebpf.Hash, 8, 0)
	inner := &ebpf.MapSpec{Name: "inner", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	outer := open(t, &ebpf.MapSpec{Name: "outer", Type: ebpf.ArrayOfMaps, KeySize: 4, MaxEntries: 3, InnerMap: inner})
	one := open(t, inner)
	require.NoError(t, outer.Put(uint32(0), one))
	require.NoError(t, outer.Put(uint32(2), one))
	var next, id uint32
	require.NoError(t, outer.NextKey(uint32(0), &next))
	require.EqualValues(t, 1, next)
	require.ErrorIs(t, outer.Lookup(next, &id), ebpf.ErrKeyNotExist)

	var found []uint32
	walk := outer.Iterate() // passes holes over
	for walk.Next(&next, &id) {
		found = append(found, next)
	}
	require.NoError(t, walk.Err())
	require.Equal(t, []uint32{0, 2}, found)
}

// OISF/suricata#3459: a walk that begins behind a key of zeros misses the first key, if that is the one.
func TestWalkFromZero(t *testing.T) {
	m, _ := begin(t, ebpf.Hash, 8, 1)
	var key uint32
	require.ErrorIs(t, m.NextKey(key, &key), ebpf.ErrKeyNotExist, "the table seems empty")

	var found []uint32
	require.NoError(t, m.Walk(func(key uint32) error { found = append(found, key); return nil }))
	require.Equal(t, []uint32{0}, found)
}

// projectcalico/felix#2441, projectcalico/felix#2866: keys are fetched ahead, four at a time; the last of them, from which the next ones are asked
// for, is deleted by the callback, and the same four come again.
func TestKeysFetchedAhead(t *testing.T) {
	m, _ := begin(t, ebpf.Hash, 16, 12)
	fetch := func(behind any) (keys []uint32) {
		for key := uint32(0); len(keys) < 4 && m.NextKey(behind, &key) == nil; behind = key {
			keys = append(keys, key)
		}
		return keys
	}
	first := fetch(nil)
	require.Len(t, first, 4)
	require.NoError(t, m.Delete(first[3]))
	require.Equal(t, first[:3], fetch(first[3])[:3])

	var cursor ebpf.MapBatchCursor // a batch goes on behind a bucket, whatever was in it
	keys, values := make([]uint32, 6), make([]uint64, 6)
	n, err := m.BatchLookup(&cursor, keys, values, nil)
	require.NoError(t, err)
	seen := slices.Clone(keys[:n])
	require.NoError(t, m.Delete(seen[n-1]))
	for err == nil {
		n, err = m.BatchLookup(&cursor, keys, values, nil)
		for _, key := range keys[:n] {
			require.NotContains(t, seen, key)
		}
	}
	require.ErrorIs(t, err, ebpf.ErrKeyNotExist)
}

// iovisor/bcc#676, iovisor/bcc#4022: "delete the first key until there is none" does not end while programs insert.
func TestClearWithoutEnd(t *testing.T) {
	m, program := begin(t, ebpf.Hash, 8, 4)
	newest := uint32(100)
	var key uint32
	deleted := 0
	for ; deleted < 1000 && m.NextKey(nil, &key) == nil; deleted++ {
		require.NoError(t, m.Delete(key))
		require.NoError(t, program.Put(newest, uint64(0)))
		newest++
	}
	require.Equal(t, 1000, deleted)

	n, err := m.Clear()
	require.NoError(t, err)
	require.Equal(t, 4, n)
}
