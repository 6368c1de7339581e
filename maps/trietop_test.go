package maps

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// prefixSet is a trie in the plainest way: a Go map of what counts of each key.
type prefixSet map[string]byte

// counting is the part of a key with 4 bytes of data that counts.
func counting(length uint32, data uint32) string {
	key := le4(length)
	return string(binary.BigEndian.AppendUint32(key, uint32(uint64(data)>>(32-length)<<(32-length))))
}

// longest is the value of the longest prefix.
func (p prefixSet) longest(length, data uint32) (byte, bool) {
	for n := int(length); n >= 0; n-- {
		if value, found := p[counting(uint32(n), data)]; found {
			return value, true
		}
	}
	return 0, false
}

// randomPrefix is short or long, in a few places or anywhere.
func randomPrefix(r *rand.Rand) (length, data uint32) {
	data = r.Uint32()
	if r.IntN(2) == 0 {
		data &= 0xff0000ff
	}
	if r.IntN(8) == 0 {
		return r.Uint32N(33), data
	}
	return 16 + r.Uint32N(17), data
}

// Lookups and updates that begin at the top of a trie find what those from the root do, while it grows and shrinks.
func TestTrieTop(t *testing.T) {
	x := newTrie(Spec{Type: abi.LPMTrie, KeySize: 8, ValueSize: 1, MaxEntries: 100_000, CPUs: 1})
	task, r, want := new(Task), rand.New(rand.NewPCG(1, 2)), prefixSet{}
	for i := range 120_000 {
		length, data := randomPrefix(r)
		key := binary.BigEndian.AppendUint32(le4(length), data)
		if growing := i%60_000 < 25_000; growing {
			require.Equal(t, abi.OK, x.Update(task, key, []byte{byte(i)}, abi.Any))
			want[counting(length, data)] = byte(i)
		} else if next := make([]byte, 8); i%4 > 0 && x.NextKey(task, key, next) == abi.OK {
			require.Equal(t, abi.OK, x.Delete(task, next))
			delete(want, counting(binary.LittleEndian.Uint32(next), binary.BigEndian.Uint32(next[4:])))
		}
		length, data = randomPrefix(r)
		value := []byte{0}
		errno := x.Lookup(task, binary.BigEndian.AppendUint32(le4(length), data), value)
		expected, found := want.longest(length, data)
		require.Equal(t, found, errno == abi.OK, "%d: %d/%#x", i, length, data)
		require.Equal(t, expected, value[0], "%d: %d/%#x", i, length, data)
	}
	require.Empty(t, want)
	require.Equal(t, 1<<15, len(x.top.cells))
}
