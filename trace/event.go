package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/bpfsim/bpfsim/abi"
)

// Event is a call that has ended, of bpf(2) or, where Helper names it, of a helper by a program.
type Event struct {
	Begin    time.Duration // since the trace began
	Duration time.Duration
	// Thread is who called, a thread or a goroutine: only that it tells callers apart matters.
	Thread   int
	CPU      int
	Cmd      abi.Cmd
	Helper   string
	Name     string // of the map, program or link that the call is about
	Ret      int32
	Errno    abi.Errno
	Injected bool // what happened was injected (bpfsys.Fault)
	Text     string
}

// WriteText writes one line a call of bpf(2). Lines name the thread where there are several.
func WriteText(w io.Writer, events []Event) error {
	events = slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Helper != "" })
	named := several(events)
	for _, e := range events {
		prefix := ""
		if named {
			prefix = fmt.Sprintf("[pid %d] ", e.Thread)
		}
		if _, err := fmt.Fprintf(w, "%s%s\n", prefix, e.Text); err != nil {
			return fmt.Errorf("write trace: %w", err)
		}
	}
	return nil
}

func several(events []Event) bool {
	for _, e := range events {
		if e.Thread != events[0].Thread {
			return true
		}
	}
	return false
}

// chromeEvent is an event of the Trace Event Format: a complete one (X) or metadata (M). Times are in microseconds.
type chromeEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Begin    float64        `json:"ts"`
	Duration float64        `json:"dur,omitempty"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Args     map[string]any `json:"args,omitempty"`
}

// The processes of a timeline.
const (
	callers = 1 + iota
	programs
)

// WriteChrome writes a timeline as JSON that ui.perfetto.dev and chrome://tracing open: a row for each thread that calls bpf(2), and one for each CPU on
// which programs call helpers.
func WriteChrome(w io.Writer, events []Event) error {
	shown := []chromeEvent{{Name: "process_name", Phase: "M", Process: callers, Args: map[string]any{"name": "bpf(2)"}}}
	var rows []int // of CPUs
	for _, e := range events {
		if e.Helper != "" && !slices.Contains(rows, e.CPU) {
			rows = append(rows, e.CPU)
			shown = append(shown, chromeEvent{Name: "thread_name", Phase: "M", Process: programs, Thread: e.CPU,
				Args: map[string]any{"name": fmt.Sprintf("CPU %d", e.CPU)}})
		}
		shown = append(shown, e.chrome())
	}
	if rows != nil {
		shown = append(shown, chromeEvent{Name: "process_name", Phase: "M", Process: programs, Args: map[string]any{"name": "programs"}})
	}
	err := json.NewEncoder(w).Encode(map[string]any{"traceEvents": shown, "displayTimeUnit": "ns"})
	if err != nil {
		return fmt.Errorf("write trace: %w", err)
	}
	return nil
}

func (e Event) chrome() chromeEvent {
	name, process, row := e.Cmd.String(), callers, e.Thread
	if e.Helper != "" {
		name, process, row = e.Helper, programs, e.CPU
	}
	if e.Name != "" {
		name += " " + e.Name
	}
	category := "bpf"
	switch {
	case e.Injected:
		name, category = name+" (injected)", "bpf,injected"
	case e.Errno != abi.OK:
		category = "bpf,error"
	}
	return chromeEvent{Name: name, Category: category, Phase: "X", Begin: microseconds(e.Begin), Duration: microseconds(e.Duration),
		Process: process, Thread: row,
		Args: map[string]any{"call": e.Text, "result": e.Errno.String(), "cpu": e.CPU}}
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
