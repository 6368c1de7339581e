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
