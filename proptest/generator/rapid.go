package generator

import (
	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/proptest/program"
)

// Programs generates programs for machine m, a few dozen steps each, that rapid can shrink: without any of its steps a
// program is still a program. Their steps run on the given CPUs, which must not be none.
func Programs(m program.Machine, cpus []int) *rapid.Generator[program.Program] {
	return rapid.Custom(func(t *rapid.T) program.Program {
		g := newGenerator(rapidSource{t}, m, cpus, new(Pool))
		burst := rapid.Custom(func(t *rapid.T) []program.Step {
			g.Source, g.steps = rapidSource{t}, nil
			g.burst()
			return g.steps
		})
		p := program.Program{Machine: m}
		// Slices of slices, because rapid's slices are short on average, and those with a minimum shrink no further.
		for _, part := range rapid.SliceOf(rapid.SliceOf(burst)).Draw(t, "steps") {
			for _, steps := range part {
				p.Steps = append(p.Steps, steps...)
			}
		}
		return p
	})
}
