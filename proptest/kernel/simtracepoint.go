package kernel

import (
	"slices"

	"github.com/bpfsim/bpfsim/proptest/program"
)

// Tracepoint knows those that programs may ask for.
func (SimHost) Tracepoint(name string) bool { return slices.Contains(program.Tracepoints, name) }
