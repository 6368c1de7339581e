package bench

import "fmt"

// scaleOps are the calls whose lead is followed as maps grow.
var scaleOps = []struct {
	name string
	run  func(*hashMap, int)
}{{"lookup hit", (*hashMap).hit}, {"update", (*hashMap).set}, {"next key", (*hashMap).walk}}

// scaleRows follows the lead over Linux from 1,000 elements up.
func scaleRows(s *session) {
	sizes := []int{1000, 10_000, 100_000, 500_000}
	if s.Large {
		sizes = append(sizes, 1_000_000, 10_000_000)
	}
	first := make([]float64, len(scaleOps))
	for _, n := range sizes {
		what := shape{n, 4, 8}
		ours := newHashMap(newEmulated(), what)
		var linux *hashMap
		if s.linux != nil {
			s.linux.Reset()
			linux = newHashMap(s.linux, what)
		}
		for i, op := range scaleOps {
			s.scale(&first[i], op.name, what, func(n int) { op.run(ours, n) }, func(n int) { op.run(linux, n) })
		}
	}
}

// scale adds a line; its ratio is the lead as a share of the first one.
func (s *session) scale(first *float64, op string, of shape, ours, linux func(int)) {
	line := Row{What: fmt.Sprintf("%s, %d entries", op, of.entries), Rival: "Linux", Unit: "ns", Floor: 0.5}.of(of)
	if s.linux == nil {
		line.Skipped = needsKernel
		s.add(line)
		return
	}
	t := s.race(runner{run: ours}, runner{run: linux})
	if *first == 0 {
		*first = t.lead(0, 1)
	}
	line.Ours, line.Theirs, line.Ratio = t.ns(0), t.ns(1), t.lead(0, 1) / *first
	s.add(line)
}
