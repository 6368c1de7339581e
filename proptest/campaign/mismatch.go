package campaign

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Mismatch is a step on which kernels differ, or whose result the model forbids.
type Mismatch struct {
	Program program.Program
	Step    int
	// Detail says, a line each, what every kernel answered, how memory differs, and what the model thinks.
	Detail string
}

// String is the step, the difference and the whole program up to that step.
func (m *Mismatch) String() string {
	w := new(strings.Builder)
	fmt.Fprintf(w, "step %d: %s\n%s\n", m.Step, m.Program.Steps[m.Step], m.Detail)
	short := m.Program
	short.Steps = short.Steps[:m.Step+1]
	fmt.Fprintf(w, "%s", short)
	return w.String()
}

// mismatch describes the step that has just run.
func (c *comparison) mismatch() *Mismatch {
	w := new(strings.Builder)
	for _, r := range c.runners {
		r.doubt()
		fmt.Fprintf(w, "  %s: %s", r.kernel.Name(), r.outcomes())
		if r.why != "" {
			fmt.Fprintf(w, " (%s)", r.why)
		}
		w.WriteByte('\n')
	}
	if !c.apart {
		for _, r := range c.runners[1:] {
			memoryDiff(w, c.runners[0].kernel, r.kernel)
		}
	}
	return &Mismatch{Detail: strings.TrimSuffix(w.String(), "\n")}
}

// doubt asks the model about a step that was only compared so far. The states stay what they were, for the other runners.
func (r *runner) doubt() {
	if !r.unjudged || len(r.seen) > 1 {
		return
	}
	if why := r.possible.Try(r.last, r.result(r.seen[0].outcome)); why != "" {
		r.why = "illegal: " + why
	}
}

// outcomes are the results of the step; those of steps inside it come first.
func (r *runner) outcomes() string {
	var texts []string
	for _, e := range r.seen {
		texts = append(texts, e.outcome.String())
	}
	return strings.Join(texts, ", ")
}

// maxRuns bounds how many differing runs of bytes a report shows.
const maxRuns = 8

// memoryDiff shows the runs of bytes that differ in two kernels' arenas.
func memoryDiff(w *strings.Builder, a, b kernel.Kernel) {
	x, y := a.Arena().Bytes(), b.Arena().Bytes()
	for at, shown := 0, 0; at < len(x) && shown < maxRuns; at++ {
		end := at
		for end < len(x) && x[end] != y[end] {
			end++
		}
		if end == at {
			continue
		}
		fmt.Fprintf(w, "  memory %s: %s %s, %s %s\n", program.AddressText(program.Base+uint64(at)),
			a.Name(), hex.EncodeToString(x[at:end]), b.Name(), hex.EncodeToString(y[at:end]))
		at, shown = end, shown+1
	}
}
