package maps_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

func TestLiveValue(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Hash, abi.LRUHash, abi.Array} {
		spec := small(kind, 4, 0)
		spec.ValueSize = 12
		m := must(t, spec)
		require.Equal(t, abi.OK, m.(maps.Updater).Update(on(0), key4(1), make([]byte, 12), abi.Any))
		_, ok := m.(maps.LiveLookuper).LookupLive(on(0), key4(9))
		require.False(t, ok)

		live, ok := m.(maps.LiveLookuper).LookupLive(on(0), key4(1))
		require.True(t, ok)
		live.Store(on(0), 0, 0x0807060504030201)
		require.Equal(t, uint64(0), live.Add(on(0), 1, 0xffff_ffff_0c0b_0a08))
		require.Equal(t, uint64(0x0c0b_0a08), live.Add(on(0), 1, 1))
		require.Equal(t, uint64(0x0c0b_0a09), live.Load(on(0), 1))
		value := make([]byte, 12)
		require.Equal(t, abi.OK, m.(maps.Lookuper).Lookup(on(0), key4(1), value))
		require.Equal(t, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, value)
	}
}

// A program that adds to the value it found adds to nothing once the key was replaced.
func TestLiveValueOutlivesItsKey(t *testing.T) {
	m := newStore(t, abi.Hash, 4, 0, 1)
	live, _ := m.LookupLive(on(0), key4(1))
	require.Equal(t, abi.OK, m.Update(on(0), key4(1), make([]byte, 8), abi.Any))
	live.Add(on(0), 0, 1)
	value := make([]byte, 8)
	require.Equal(t, abi.OK, m.Lookup(on(0), key4(1), value))
	require.Equal(t, make([]byte, 8), value)
}

// A bucket that is emptied gives its newest element back last, so that memory is the first to be reused.
func TestLiveValueReused(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Hash, abi.LRUHash} {
		m := newStore(t, kind, 4, 0, 0)
		same := sameBucket(m, 2)
		live := make([]maps.Live, 2)
		for i, key := range same {
			require.Equal(t, abi.OK, m.Update(on(0), key4(key), make([]byte, 8), abi.Any))
			live[i], _ = m.LookupLive(on(0), key4(key))
		}
		require.Equal(t, 2, m.ReadBucket(on(0), 2, make([]byte, 8), make([]byte, 16), true))
		require.Equal(t, abi.OK, m.Update(on(0), key4(99), []byte{7, 0, 0, 0, 0, 0, 0, 0}, abi.Any))
		require.Equal(t, uint64(0), live[0].Load(on(0), 0), kind)
		require.Equal(t, uint64(7), live[1].Load(on(0), 0), kind)
	}
}
