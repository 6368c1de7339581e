package sim

import (
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/maps"
)

// Step is one step of a run.
type Step struct {
	// Task is the index in Trace.Tasks of the task that took the step.
	Task uint8
	// Choice is the place in Choice.Tasks that the chooser picked; 0 is the running task.
	Choice uint8
	// At is the kind of the step.
	At maps.Point
	// Quiet tells that no other task can tell when it was taken (Options.OwnMemory).
	Quiet bool
}

// Trace is what a run did, step by step.
type Trace struct {
	Tasks []string
	Steps []Step
}

// String is the schedule in one line that ParseReplay reads: where the run left the first choice, as STEP:TASK with
// steps counted from 0, or "-" where it never did.
func (t Trace) String() string {
	turns := t.turns()
	if len(turns) == 0 {
		return "-"
	}
	line := make([]byte, 0, 64)
	for i, turn := range turns {
		if i > 0 {
			line = append(line, ' ')
		}
		line = strconv.AppendInt(line, int64(turn.step), 10)
		line = append(line, ':')
		line = append(line, turn.task...)
	}
	return string(line)
}

// Preemptions is the number of choices other than the first.
func (t Trace) Preemptions() int { return len(t.turns()) }

// turn is a step at which a task went on that was not the first choice.
type turn struct {
	step int
	task string
}

func (t Trace) turns() []turn {
	var turns []turn
	for i, s := range t.Steps {
		if s.Choice != 0 {
			turns = append(turns, turn{i, t.Tasks[s.Task]})
		}
	}
	return turns
}

func validName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
	return name != "" && name != "-" && strings.Trim(name, letters) == ""
}
