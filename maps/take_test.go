package maps_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// takes is a consumer that says yes or no, and notes what it was asked.
type takes struct {
	yes   bool
	asked []int
}

func (k *takes) Consume(n int) bool {
	k.asked = append(k.asked, n)
	return k.yes
}

func TestTakeBucket(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Hash, abi.LRUHash} {
		m := newStore(t, kind, 1, 0, 1)
		drainer := m.(maps.Drainer)
		require.Equal(t, uint32(0), drainer.BucketOf(key4(1)))
		keys, values := make([]byte, 4), make([]byte, 8)

		refuses, agrees := &takes{}, &takes{yes: true}
		require.Equal(t, 1, drainer.TakeBucket(on(0), 0, nil, nil, agrees))
		require.Empty(t, agrees.asked, "what does not fit is not offered")
		require.Equal(t, 1, drainer.TakeBucket(on(0), 0, keys, values, refuses))
		require.Equal(t, []int{1}, refuses.asked)
		require.Equal(t, []uint32{1}, walk(t, m))
		require.Equal(t, 1, drainer.TakeBucket(on(0), 0, keys, values, agrees))
		require.Empty(t, walk(t, m))
		require.Equal(t, key4(1), keys)
		require.Equal(t, 0, drainer.TakeBucket(on(0), 0, keys, values, agrees))
		require.Equal(t, []int{1}, agrees.asked, "nothing is not offered")
	}
}

func TestTakeFirst(t *testing.T) {
	m := newStore(t, abi.Hash, 1, 0, 1)
	drainer := m.(maps.Drainer)
	key, value := make([]byte, 4), make([]byte, 8)
	require.True(t, drainer.TakeFirst(on(0), 0, key, value, &takes{}))
	require.Equal(t, []uint32{1}, walk(t, m))
	require.True(t, drainer.TakeFirst(on(0), 0, key, value, &takes{yes: true}))
	require.Equal(t, key4(1), key)
	require.False(t, drainer.TakeFirst(on(0), 0, key, value, &takes{yes: true}))
	require.Equal(t, abi.OK, m.Update(on(0), key4(2), value, abi.NoExist))
}
