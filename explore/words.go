package explore

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/sim"
)

// Span is a row of consecutive steps of one operation: of all of it, or of a part when others ran in between.
type Span struct {
	Task string
	// Done is the operation, an index into Run.Done, or -1 when it never ended.
	Done int
	// First and Last are step numbers.
	First, Last int
	// Opens and Closes report that the operation begins and ends with this span.
	Opens, Closes bool
}

// Spans are the run's steps in order, cut where the task or the operation changes.
func (r *Run) Spans() []Span {
	var spans []Span
	for i, step := range r.Trace.Steps {
		done := r.doneAt(r.Trace.Tasks[step.Task], i)
		last := len(spans) - 1
		if last >= 0 && spans[last].Task == r.Trace.Tasks[step.Task] && spans[last].Done == done {
			spans[last].Last = i
			continue
		}
		spans = append(spans, Span{Task: r.Trace.Tasks[step.Task], Done: done, First: i, Last: i})
	}
	for i := range spans {
		s := &spans[i]
		if s.Done >= 0 {
			s.Opens, s.Closes = int64(s.First) == r.Done[s.Done].Start, int64(s.Last) == r.Done[s.Done].End
		}
	}
	return spans
}

// doneAt is the operation of task that step number i belongs to, -1 when it never ended.
func (r *Run) doneAt(task string, i int) int {
	return slices.IndexFunc(r.Done, func(d Done) bool {
		return d.Task == task && d.Start <= int64(i) && int64(i) <= d.End
	})
}

// Interleaving is the run in words, a line for each span: its steps, its task and what it did.
func (r *Run) Interleaving() string {
	var b strings.Builder
	width := 0
	for _, name := range r.Trace.Tasks {
		width = max(width, len(name))
	}
	for _, s := range r.Spans() {
		fmt.Fprintf(&b, "%9s  %-*s  %s\n", s.numbers(), width, s.Task, r.words(s))
	}
	return b.String()
}

func (s Span) numbers() string {
	if s.First == s.Last {
		return strconv.Itoa(s.First)
	}
	return fmt.Sprintf("%d-%d", s.First, s.Last)
}

// words is what a span did: the operation's result where it ends, the kinds of its steps where it does not.
func (r *Run) words(s Span) string {
	if s.Done < 0 {
		return "does not end: " + r.steps(s)
	}
	text := r.Done[s.Done].Text
	switch name, _, _ := cutResult(text); {
	case s.Closes:
		return text
	case s.Opens:
		return name + " begins: " + r.steps(s)
	default:
		return name + " goes on: " + r.steps(s)
	}
}

// cutResult parts what was done from what came out of it.
func cutResult(text string) (name, result string, found bool) {
	if name, result, found = strings.Cut(text, " -> "); found {
		return name, result, true
	}
	return strings.Cut(text, " = ")
}

// steps lists the kinds of a span's steps, "word x2" for two in a row.
func (r *Run) steps(s Span) string {
	var kinds []string
	for first := s.First; first <= s.Last; {
		next := first
		for next <= s.Last && r.Trace.Steps[next].At == r.Trace.Steps[first].At {
			next++
		}
		kinds = append(kinds, repeated(r.Trace.Steps[first], next-first))
		first = next
	}
	return strings.Join(kinds, ", ")
}

func repeated(step sim.Step, n int) string {
	if n == 1 {
		return step.At.String()
	}
	return fmt.Sprintf("%s x%d", step.At, n)
}

// quoted is a Go string as the contracts put keys and values into their sentences, a value behind = or :.
var quoted = regexp.MustCompile(`[=:]?"(?:[^"\\]|\\.)*"`)

// readable puts numbers in the place of quoted keys and values: key 1, not "\x01\x00\x00\x00".
func (s Scenario) readable(sentence string) string {
	return quoted.ReplaceAllStringFunc(sentence, func(text string) string {
		before, literal := "", text
		if text[0] != '"' {
			before, literal = text[:1], text[1:]
		}
		bytes, err := strconv.Unquote(literal)
		switch {
		case err == nil && before == "" && len(bytes) == s.Map.keyBytes():
			return s.Map.keyText(bytes)
		case err == nil && len(bytes) == s.Map.Value:
			return before + valueText(bytes)
		}
		return text
	})
}
