package bpfsys

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What goes back to the pool holds nothing of its call's: no map, no memory of the caller's, and no buffer for one huge value.
func TestReleasedBuffersHoldNothing(t *testing.T) {
	b := new(buffers)
	b.consumer.m, b.batch.m = new(Map), new(Map)
	b.sized(&b.keys, maxKept+1)
	small := b.one(keyBuffer, 8)
	b.release()
	require.Zero(t, b.consumer)
	require.Zero(t, b.batch)
	require.Zero(t, cap(b.keys))
	require.Len(t, small, 8)

	b = new(buffers)
	b.sized(&b.keys, maxKept)
	b.release()
	require.Equal(t, maxKept, cap(b.keys), "the largest that is kept")
}
