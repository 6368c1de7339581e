package maps_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// mappable is an array of 3 values of 12 bytes in memory of the test's own: value i begins at word 2*i.
func mappable(t *testing.T) (maps.Map, []atomic.Uint64) {
	spec := maps.Spec{Type: abi.Array, KeySize: 4, ValueSize: 12, MaxEntries: 3, Flags: abi.FlagMmapable, CPUs: 1}
	words, errno := maps.MappableWords(spec)
	require.Equal(t, abi.OK, errno)
	require.EqualValues(t, 512, words)
	memory := make([]atomic.Uint64, words)
	return maps.NewMappable(spec, memory), memory
}

func TestMappableSharesItsMemory(t *testing.T) {
	m, memory := mappable(t)
	memory[2].Store(0x0807060504030201)
	memory[3].Store(0xffff_ffff_0c0b_0a09)
	value := make([]byte, 12)
	require.Equal(t, abi.OK, m.(maps.Lookuper).Lookup(on(0), key4(1), value))
	require.Equal(t, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, value)
	clear(value)
	value[11] = 0xab
	require.Equal(t, abi.OK, m.(maps.Updater).Update(on(0), key4(1), value, abi.Any))
	require.Zero(t, memory[2].Load())
	require.Equal(t, uint64(0xffff_ffff_ab00_0000), memory[3].Load(), "what lies behind the value stays")
}

// A program's stores stay within the value, too.
func TestMappableLive(t *testing.T) {
	m, memory := mappable(t)
	memory[3].Store(0xeeee_eeee_ffff_ffff)
	live, _ := m.(maps.LiveLookuper).LookupLive(on(0), key4(1))
	require.Equal(t, uint64(0xffff_ffff), live.Load(on(0), 1))
	require.Equal(t, uint64(0xffff_ffff), live.Add(on(0), 1, 3))
	require.Equal(t, uint64(0xeeee_eeee_0000_0002), memory[3].Load())
	live.Store(on(0), 1, 0x1111_1111_2222_2222)
	require.Equal(t, uint64(0xeeee_eeee_2222_2222), memory[3].Load())
	live.Store(on(0), 0, 0x1111_1111_2222_2222)
	require.Equal(t, uint64(0x1111_1111_2222_2222), memory[2].Load())
}

func TestMappableWords(t *testing.T) {
	for _, c := range []struct {
		value, entries uint32
		bytes          uint64
		errno          abi.Errno
	}{
		{1, 1, 4096, abi.OK}, {8, 512, 4096, abi.OK}, {8, 513, 8192, abi.OK}, {5, 1000, 8192, abi.OK},
		{4096, 3, 12288, abi.OK}, {1 << 30, 64, 0, abi.ENOMEM},
	} {
		spec := maps.Spec{Type: abi.Array, KeySize: 4, ValueSize: c.value, MaxEntries: c.entries, Flags: abi.FlagMmapable}
		words, errno := maps.MappableWords(spec)
		require.Equal(t, c.errno, errno)
		require.Equal(t, c.bytes, 8*words)
	}
}
