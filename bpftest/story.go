package bpftest

import (
	"errors"
	"fmt"
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

// story is a line for each step: who, what, where.
func story(steps []bubble.Step) (lines []string) {
	who, what := 0, 0
	for _, s := range steps {
		who, what = max(who, len(s.Task)), max(what, len(did(s)))
	}
	for _, s := range steps {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%-*s  %-*s  %s", who, s.Task, min(what, 100), did(s), s.Place), " "))
	}
	return lines
}

func did(s bubble.Step) string {
	switch {
	case s.Task == bubble.Clock:
		return "time goes on"
	case s.Text == "":
		return s.Kind
	}
	return s.Text
}
