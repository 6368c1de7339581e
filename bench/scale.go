package bench

import "fmt"

// scaleOps are the calls that are followed as maps grow.
var scaleOps = []struct {
	name string
	run  func(*hashMap, int)
	bare func(*bare, int)
}{
	{"lookup hit", (*hashMap).hit, (*bare).hit}, {"update", (*hashMap).set, (*bare).set}, {"next key", (*hashMap).walk, (*bare).next},
}

// cachedMost is the number of entries up to which a small map is in the caches: behind it the goal is the limit.
const cachedMost = 100_000

// scaleRows measures maps of 1,000 elements and more.
func scaleRows(s *session) {
	sizes := []int{1000, 10_000, 100_000, 500_000}
	if s.Large {
		sizes = append(sizes, 1_000_000, 10_000_000)
	}
	for _, n := range sizes {
		what := shape{n, 4, 8}
		ours, limit := newHashMap(newEmulated(), what), newBare(what)
		var linux *hashMap
		if s.linux != nil {
			s.linux.Reset()
			linux = newHashMap(s.linux, what)
		}
		for i, op := range scaleOps {
			runners := []runner{{run: func(n int) { op.run(ours, n) }}, {run: func(n int) { op.bare(limit, n) }}}
			if linux != nil {
				runners = append(runners, runner{run: func(n int) { op.run(linux, n) }})
			}
			g := goal{floor: elementFloor}
			if n > cachedMost && i < 2 {
				g = goal{ceiling: elementLimit}
			}
			s.versus(s.race(runners...), 0, 2, 1, g, Row{What: fmt.Sprintf("%s, %d entries", op.name, n), Rival: "Linux"}.of(what))
		}
	}
}
