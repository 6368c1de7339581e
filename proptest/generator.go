package proptest

import "pgregory.net/rapid"

// Programs generates programs for machine m, a few dozen steps each, that rapid can shrink: without any of its steps a
// program is still a program. Their steps run on the given CPUs, which must not be none.
func Programs(m Machine, cpus []int) *rapid.Generator[Program] {
	return rapid.Custom(func(t *rapid.T) Program {
		d := newDrafter(drawn{t}, m, cpus, new(paper))
		burst := rapid.Custom(func(t *rapid.T) []Step {
			d.dice, d.steps = drawn{t}, nil
			d.burst()
			return d.steps
		})
		p := Program{Machine: m}
		// Slices of slices, because rapid's slices are short on average, and those with a minimum shrink no further.
		for _, part := range rapid.SliceOf(rapid.SliceOf(burst)).Draw(t, "steps") {
			for _, steps := range part {
				p.Steps = append(p.Steps, steps...)
			}
		}
		return p
	})
}
