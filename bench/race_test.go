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
		limit := newBare(of)
		for _, run := range []func(int){limit.hit, limit.miss, limit.set, limit.swap, limit.next, limit.dump, limit.batch, limit.take, limit.takeBatch} {
			run(700)
		}
		limit.refill()
		for _, in := range []*inner{newInner(newHash(of), of), newInner(newMock(), of)} {
			for _, run := range []func(int){in.hit, in.miss, in.set, in.swap, in.mixed, in.walk} {
				run(700)
			}
		}
	}
	allocationRows(s)
	require.Len(t, s.rows, 8)
}

// Each row of each type runs, and allocates nothing on bpfsim.
func TestTypes(t *testing.T) {
	for _, y := range typedMaps(2) {
		s := y.shape(2)
		d, limit := newDumper(y.make(newEmulatedOf(2), 2), s.entries), y.limit(s)
		for _, name := range y.rows {
			op := typeOps[name]
			for _, r := range []runner{op.ours(d), op.bare(limit), op.onLinux(d)} {
				r.time(max(r.batch, 700))
			}
			d.refill()
			ours := op.ours(d)
			require.Zero(t, testing.AllocsPerRun(5, func() { ours.time(max(ours.batch, 700)) }), "%v: %s", y.Type, name)
			d.refill()
		}
	}
}

// A bare loop comes to every record of a memory, and to each as often as to the others.
func TestLooksGoEverywhere(t *testing.T) {
	l := newLooks(1000, 4, [2]int{64, 10}, [2]int{8, 1000})
	for element := range uint64(1000) {
		require.Equal(t, int(element/100), int(element*l.memories[0].scale>>32), element)
		require.Equal(t, int(element), int(element*l.memories[1].scale>>32), element)
	}
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
