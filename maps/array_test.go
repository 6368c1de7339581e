package maps_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// newArray makes an ARRAY of 3 values, value i being the bytes 16*i+1, 16*i+2, ...
func newArray(t *testing.T, valueSize uint32) maps.Map {
	spec := maps.Spec{Type: abi.Array, KeySize: 4, ValueSize: valueSize, MaxEntries: 3, CPUs: 2}
	m := must(t, spec)
	for i := range uint32(3) {
		require.Equal(t, abi.OK, m.(maps.Updater).Update(on(0), key4(i), arrayValue(i, valueSize), abi.Any))
	}
	return m
}

func arrayValue(i, size uint32) []byte {
	value := make([]byte, size)
	for j := range value {
		value[j] = byte(16*i + uint32(j) + 1)
	}
	return value
}

func TestArrayValues(t *testing.T) {
	for _, size := range []uint32{1, 5, 8, 15, 4096, 5001} {
		m := newArray(t, size)
		for i := range uint32(3) {
			got := make([]byte, size)
			require.Equal(t, abi.OK, m.(maps.Lookuper).Lookup(on(0), key4(i), got))
			require.Equal(t, arrayValue(i, size), got)
		}
	}
}

func TestArrayStartsZero(t *testing.T) {
	m := must(t, maps.Spec{Type: abi.Array, KeySize: 4, ValueSize: 5, MaxEntries: 1 << 30, CPUs: 1})
	got := []byte("value")
	require.Equal(t, abi.OK, m.(maps.Lookuper).Lookup(on(0), key4(1<<30-1), got))
	require.Equal(t, make([]byte, 5), got)
	require.Equal(t, abi.OK, m.(maps.Updater).Update(on(0), key4(1<<30-1), []byte("value"), abi.Any))
	require.Equal(t, abi.OK, m.(maps.Lookuper).Lookup(on(0), key4(1<<30-1), got))
	require.Equal(t, []byte("value"), got)
}

// The sums are what info.hash of Linux 6.18.44 gave for the same frozen arrays.
func TestArrayHash(t *testing.T) {
	for size, want := range map[uint32]string{
		5: "7a61783b2ca4d7483602e0dab45a267284e057e44d23e29227e0459a7288344d",
		8: "87dab7be5972986c5f522cde38ae4853cd0a162441c91444ae8e81b6f967c8e9",
	} {
		got := newArray(t, size).(maps.Hasher).Hash()
		require.Equal(t, want, hex.EncodeToString(got[:]))
	}
}
