package maps

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// swiss reaches into the Go runtime for its hash function; this proves it on the Go in use.
func TestIndexOnThisGo(t *testing.T) {
	var x index
	require.Equal(t, none, x.get(1))
	for b := range uint32(10_000) {
		x.set(b*7, slot(b+1))
	}
	for b := range uint32(10_000) {
		require.Equal(t, slot(b+1), x.get(b*7))
		require.Equal(t, none, x.get(b*7+1))
	}
	for b := range uint32(5_000) {
		x.set(b*7, none)
	}
	require.Equal(t, none, x.get(0))
	require.Equal(t, slot(10_000), x.get(9_999*7))
}
