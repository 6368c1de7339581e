package proptest

import (
	"encoding/hex"
	"strings"
)

// Mismatch is a step on which kernels differ, or whose result the model forbids.
type Mismatch struct {
	Program Program
	Step    int
	// Detail says, a line each, what every kernel answered, how memory differs, and what the model thinks.
	Detail string
}

// String is the step, the difference and the whole program up to that step.
func (m *Mismatch) String() string {
	w := new(writer)
	w.printf("step %d: %s\n%s\n", m.Step, m.Program.Steps[m.Step], m.Detail)
	short := m.Program
	short.Steps = short.Steps[:m.Step+1]
	w.printf("%s", short)
	return w.String()
}

// mismatch describes the step that has just run.
func (c *contest) mismatch() *Mismatch {
	w := new(writer)
	for _, r := range c.runners {
		r.doubt()
		w.printf("  %s: %s", r.kernel.Name(), r.outcomes())
		if r.why != "" {
			w.printf(" (%s)", r.why)
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
func memoryDiff(w *writer, a, b Kernel) {
	x, y := a.Arena().bytes, b.Arena().bytes
	for at, shown := 0, 0; at < len(x) && shown < maxRuns; at++ {
		end := at
		for end < len(x) && x[end] != y[end] {
			end++
		}
		if end == at {
			continue
		}
		w.printf("  memory %s: %s %s, %s %s\n", addressText(Base+uint64(at)),
			a.Name(), hex.EncodeToString(x[at:end]), b.Name(), hex.EncodeToString(y[at:end]))
		at, shown = end, shown+1
	}
}
