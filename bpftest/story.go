package bpftest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/internal/bubble"
	"github.com/bpfsim/bpfsim/sim"
)

// tell makes a failure of a run that failed.
func (e *explorer) tell(a attempt) *Failure {
	f := &Failure{Message: strings.Join(a.said, "\n"), Story: story(a.Steps), Replay: a.Trace.String()}
	var check *sim.CheckError
	var mine *failed
	if errors.As(a.err, &check) {
		a.err = check.Err
	}
	if !errors.As(a.err, &mine) {
		f.Message = strings.TrimPrefix(f.Message+"\n"+a.err.Error(), "\n")
	}
	return f
}

// dying is what is printed if the process dies in the middle of a run.
func (e *explorer) dying(trace sim.Trace, steps []bubble.Step) string {
	text := fmt.Sprintf("\nbpftest: the process dies in the middle of %s:\n\n", e.t.Name())
	for _, line := range story(steps) {
		text += "    " + line + "\n"
	}
	return text + again(e.t.Name(), trace.String()) + "\n\n"
}

// again says how an order is run again.
func again(test, replay string) string {
	return fmt.Sprintf("this order again: -run %s -bpftest.replay=%s", quote(only(test)), quote(replay))
}

// only is the pattern of go test's -run that fits one test or subtest.
func only(test string) string {
	elements := strings.Split(test, "/")
	for i, e := range elements {
		elements[i] = "^" + regexp.QuoteMeta(e) + "$"
	}
	return strings.Join(elements, "/")
}

// quote is text as a word of a shell's.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// mostSteps is how many steps a story has; of a longer run it has the beginning and the end.
const mostSteps = 200

// story is a line for each step: who, what, where.
func story(steps []bubble.Step) (lines []string) {
	if left := len(steps) - mostSteps; left > 0 {
		head, tail := steps[:mostSteps/2], steps[len(steps)-mostSteps/2:]
		return slices.Concat(story(head), []string{fmt.Sprintf("... %d steps more ...", left)}, story(tail))
	}
	who, what := 0, 0
	for _, s := range steps {
		who, what = max(who, len(s.Who)), max(what, len(did(s)))
	}
	for _, s := range steps {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%-*s  %-*s  %s", who, s.Who, min(what, 100), did(s), s.Place), " "))
	}
	return lines
}

func did(s bubble.Step) string {
	switch {
	case s.Task == bubble.Clock:
		return "time goes on"
	case s.Kind == bubble.Start:
		return "starts"
	case s.Kind == bubble.Lock:
		return "takes a mutex"
	case s.Kind == bubble.Woken:
		return "goes on, woken"
	case s.Text == "":
		return s.Kind
	}
	return s.Text
}
