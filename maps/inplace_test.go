package maps

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// An update in place leaves the key where it is in its bucket, where an ordinary one makes it the first (measured on 6.18,
// BPF_F_LOCK); a key that is not there is inserted.
func TestHashUpdateInPlace(t *testing.T) {
	spec := Spec{Type: abi.Hash, KeySize: 1, ValueSize: 4, MaxEntries: 2, CPUs: 1, Flags: abi.FlagZeroSeed}
	h, errno := New(spec)
	require.Equal(t, abi.OK, errno)
	hash, task := h.(*hash), &Task{}
	keys := sharingBucket(hash)
	for i, key := range keys {
		require.Equal(t, abi.OK, hash.UpdateInPlace(task, key, []byte{byte(i), 0, 0, 0}, abi.Any))
	}
	require.Equal(t, abi.E2BIG, hash.UpdateInPlace(task, []byte{254}, make([]byte, 4), abi.Any))
	first := make([]byte, 1)
	require.Equal(t, abi.OK, hash.NextKey(task, nil, first))
	require.Equal(t, keys[1], first)
	require.Equal(t, abi.OK, hash.UpdateInPlace(task, keys[0], []byte{7, 0, 0, 0}, abi.Exist))
	require.Equal(t, abi.OK, hash.NextKey(task, nil, first))
	require.Equal(t, keys[1], first)
	value := make([]byte, 4)
	require.Equal(t, abi.OK, hash.Lookup(task, keys[0], value))
	require.Equal(t, []byte{7, 0, 0, 0}, value)
	require.Equal(t, abi.EEXIST, hash.UpdateInPlace(task, keys[0], value, abi.NoExist))
	require.Equal(t, abi.EINVAL, hash.UpdateInPlace(task, keys[0], value, 3))
	require.Equal(t, abi.ENOENT, hash.UpdateInPlace(task, []byte{254}, value, abi.Exist))
}

// sharingBucket are two keys of one bucket.
func sharingBucket(h *hash) (keys [2][]byte) {
	keys[0] = []byte{0}
	for k := byte(1); ; k++ {
		if keys[1] = []byte{k}; h.hash(keys[1])&h.mask == h.hash(keys[0])&h.mask {
			return keys
		}
	}
}
