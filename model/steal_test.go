package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Three CPUs take the two nodes in turn, and each goes on to rob where it stopped last time (bpf_common_lru_pop_free, next_steal in
// bpf_lru_list.c). With two CPUs the order cannot be seen.
func TestStealGoesRound(t *testing.T) {
	l := newLRU(2, false, 3, 1)
	var order []int32
	for _, step := range []struct {
		cpu    int
		robbed []int32
	}{{0, nil}, {1, nil}, {2, []int32{1}}, {0, []int32{2}}, {1, []int32{3}}, {2, []int32{5}}} {
		order = nil
		l.take(step.cpu, func(n node) { order = append(order, n.id) })
		require.Equal(t, step.robbed, order)
	}
}

// Of what is pending an element without a reference is robbed, though it is not the oldest; where all have one, the oldest is. Before 6.16 a
// CPU has so many pending in a small map (bpf_common_lru_pop_free).
func TestStealSparesWhatIsUsed(t *testing.T) {
	l := newLRU(3, false, 2, 128)
	none := func(node) { require.Fail(t, "nothing is to be evicted") }
	first, second, third := l.take(0, none), l.take(0, none), l.take(0, none)
	var robbed []int32
	note := func(n node) { robbed = append(robbed, n.id) }
	l.reference(first)
	l.take(1, note)
	require.Equal(t, []int32{second}, robbed)
	l.reference(third)
	l.locals[1].pending = nil
	l.take(1, note)
	require.Equal(t, []int32{second, first}, robbed)
}
