package maps_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// store is a map with elements by key; the tests' keys have 4 bytes and their values 8.
type store interface {
	maps.Map
	maps.Lookuper
	maps.Updater
	maps.Deleter
	maps.LookupAndDeleter
	maps.NextKeyer
	maps.Buckets
	maps.LiveLookuper
}

// small is a map's spec with 4-byte keys and 8-byte values on 2 CPUs, the machine that was measured.
func small(kind abi.MapType, entries, flags uint32) maps.Spec {
	return maps.Spec{Type: kind, KeySize: 4, ValueSize: 8, MaxEntries: entries, Flags: flags, CPUs: 2}
}

// newStore makes a hash map with seed 0 in which n keys 1, 2, ... are, inserted on CPU 0.
func newStore(t testing.TB, kind abi.MapType, entries, flags uint32, n int) store {
	spec := small(kind, entries, flags|abi.FlagZeroSeed)
	require.Equal(t, abi.OK, maps.Check(spec, true))
	m := must(t, spec).(store)
	for i := range n {
		require.Equal(t, abi.OK, m.Update(on(0), key4(uint32(i+1)), make([]byte, m.ValueBytes()), abi.Any))
	}
	return m
}

// on is a task on a CPU.
func on(cpu int) *maps.Task { return &maps.Task{CPU: cpu} }

// walk is the keys that NextKey gives from the first on.
func walk(t testing.TB, m maps.NextKeyer) []uint32 {
	keys := []uint32{}
	var at []byte
	next := make([]byte, 4)
	for m.NextKey(on(0), at, next) == abi.OK {
		keys = append(keys, binary.NativeEndian.Uint32(next))
		at = next
		require.Less(t, len(keys), 1_000_000, "the walk does not end")
	}
	return keys
}

// insertNew updates keys from first on until one of those in the map is gone, and returns how many that took.
func insertNew(t testing.TB, m store, task *maps.Task, first uint32, value []byte) int {
	for n := 1; ; n++ {
		before := len(walk(t, m))
		require.Equal(t, abi.OK, m.Update(task, key4(first), value, abi.Any))
		if len(walk(t, m)) != before+1 {
			return n
		}
		first++
	}
}
