package maps

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Behind a writer readers take the lock, until so many of them came that the stripe opens.
func TestReadersOpenAStripe(t *testing.T) {
	g := makeGuard(1, 1)
	unlocked := func() bool {
		in := g.read(&Task{}, 0)
		defer g.leave(&Task{}, in)
		return in.hazard != nil
	}
	require.True(t, unlocked())
	g.write(0).lock.Unlock()
	for range reopenAfter - 1 {
		require.False(t, unlocked())
	}
	g.write(0).lock.Unlock() // they were not in a row
	for range reopenAfter {
		require.False(t, unlocked())
	}
	require.True(t, unlocked())
}
