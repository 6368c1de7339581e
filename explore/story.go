package explore

import (
	"fmt"
	"slices"
	"strings"
)

// Story is the run in words for people, a line for each operation and each part of one that others interrupted. Keys and
// values are numbers; a value is the number of its write.
func (r *Run) Story() []string {
	width := 0
	for _, name := range r.Trace.Tasks {
		width = max(width, len(name))
	}
	var lines []string
	for _, s := range r.Spans() {
		if text := r.tell(s); text != "" {
			lines = append(lines, fmt.Sprintf("%-*s  %s", width, s.Task, text))
		}
	}
	return lines
}

// tell is what a span did, "" for a part in which nothing happened that others could see.
func (r *Run) tell(s Span) string {
	switch {
	case s.Done < 0:
		return "goes on without an end"
	case s.Closes:
		return r.result(s.Done)
	}
	steps := r.seenSteps(s)
	name, _, _ := cutResult(r.Done[s.Done].Text)
	switch {
	case steps == "":
		return ""
	case s.Opens:
		return name + " begins: " + steps
	}
	return name + " goes on: " + steps
}

// seenSteps lists the kinds of a span's steps that others can see.
func (r *Run) seenSteps(s Span) string {
	var kinds []string
	for i := s.First; i <= s.Last; i++ {
		if r.seen(i, s.Task) {
			kinds = append(kinds, r.Trace.Steps[i].At.String())
		}
	}
	return strings.Join(kinds, ", ")
}

// result is an operation with what it wrote.
func (r *Run) result(done int) string {
	task := slices.IndexFunc(r.Scenario.Tasks, func(t Task) bool { return t.Name == r.Done[done].Task })
	if task < 0 {
		return r.Done[done].Text
	}
	at := 0
	for _, earlier := range r.Done[:done] {
		if earlier.Task == r.Done[done].Task {
			at += len(r.Scenario.Tasks[task].call(at))
		}
	}
	ops := r.Scenario.Tasks[task].call(at)
	_, result, _ := cutResult(r.Done[done].Text)
	switch ops[0].Verb {
	case "update", "insert", "write":
		return ops[0].Verb + " " + pairsText(ops, r.Scenario.firstNumber(task)+uint64(at)) + ": " + result
	}
	return callText(ops) + ": " + result
}

// pairsText is the keys of a call and the numbers of what it wrote, which begin with one.
func pairsText(ops []Op, number uint64) string {
	var pairs []string
	for i, op := range ops {
		pairs = append(pairs, fmt.Sprintf("%d=%d", op.Key, number+uint64(i)))
	}
	return strings.Join(pairs, ", ")
}
