package maps

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An account gives back what it has taken, once.
func TestAccountIsClosedOnce(t *testing.T) {
	b := NewBudget(1000)
	a := b.Open()
	require.True(t, a.Take(1000))
	require.False(t, a.Take(1))
	a.Close()
	a.Close()
	other := b.Open()
	require.True(t, other.Take(1000))
	require.False(t, other.Take(1), "a second closing gave as much again")
}

// A map that grows takes memory for many elements at once: no more than it can have, one by one where that is all there is, and
// one at least of those that are large.
func TestAccountGrants(t *testing.T) {
	type granted struct {
		elements uint32
		enough   bool
	}
	const large = 4 * grantBytes
	for _, tt := range []struct {
		name    string
		budget  uint64
		element uint64
		left    uint32
		want    []granted
	}{
		{"as many as are left", 1000, 100, 3, []granted{{3, true}, {3, true}, {3, true}, {1, true}, {1, false}}},
		{"one by one", 250, 100, 5, []granted{{1, true}, {1, true}, {1, false}}},
		{"large ones", 2 * large, large, 9, []granted{{1, true}, {1, true}, {1, false}}},
		{"many", 3 * grantBytes, 64, 1 << 20, []granted{{grantBytes / 64, true}, {grantBytes / 64, true}, {grantBytes / 64, true}, {1, false}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := NewBudget(tt.budget).Open()
			for i, want := range tt.want {
				elements, enough := a.grant(tt.element, tt.left)
				require.Equal(t, want, granted{elements, enough}, "grant %d", i)
			}
		})
	}
	elements, enough := (*Account)(nil).grant(large, 7)
	require.Equal(t, granted{7, true}, granted{elements, enough}, "without a bound")
}
