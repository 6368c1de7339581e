package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMedian(t *testing.T) {
	require.Equal(t, 2.0, median([]float64{3, 1, 2}))
	require.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
}

// The lead is the median of the turns' ratios, not the ratio of the medians.
func TestLead(t *testing.T) {
	got := times{{1, 10, 2}, {3, 20, 20}}
	require.Equal(t, 2.0, got.ns(0))
	require.Equal(t, 3.0, got.lead(0, 1))
}

func TestRaceTakesTurns(t *testing.T) {
	var order []string
	side := func(name string) runner {
		return runner{name: name, run: func(n int) { order = append(order, name) }, reset: func() {}, batch: 1}
	}
	race(2, 0, side("a"), side("b"))
	require.Equal(t, []string{"a", "b", "a", "b", "b", "a"}, order) // one each to warm up
}

// Every group works without a kernel: what it runs checks its own results.
func TestGroups(t *testing.T) {
	s := &session{turns: 1}
	for _, of := range []shape{{300, 4, 8}, {300, 64, 256}} {
		m := newHashMap(newEmulated(), of)
		d := newDumper(m, of.entries)
		for _, run := range []func(int){m.hit, m.miss, m.set, m.swap, m.mixed, m.walk, m.walkValues, d.all, d.batches} {
			run(700)
		}
		d.takeAll(0)
		m.refill()
		d.takeBatch(0)
		m.refill()
		for _, in := range []*inner{newInner(newHash(of), of), newInner(newMock(), of)} {
			for _, run := range []func(int){in.hit, in.miss, in.set, in.swap, in.mixed, in.walk} {
				run(700)
			}
		}
	}
	allocationRows(s)
	require.Len(t, s.rows, 8)
}

// A permutation comes to every element once before it comes to one again.
func TestPermutationVisitsAll(t *testing.T) {
	for _, entries := range []int{1, 300, 1000, 10_000} {
		all := newPermutation(entries, entries/2)
		seen := map[int]bool{}
		for range entries {
			seen[all.next()] = true
		}
		require.Len(t, seen, entries)
		require.Equal(t, entries/2, all.at)
	}
}

// Nobody of a crew begins before all are there.
func TestCrewBeginsTogether(t *testing.T) {
	var g gate
	g.missing = 2
	passed := make(chan bool, 2)
	go func() { g.pass(); passed <- g.opened.IsZero() }()
	require.Empty(t, passed)
	g.pass()
	require.False(t, <-passed)
	ran := make([]int, 3)
	crew(3, func(i int) { ran[i]++ })
	require.Equal(t, []int{1, 1, 1}, ran)
}
