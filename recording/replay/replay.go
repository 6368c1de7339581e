package replay

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bpfsim/bpfsim/recording"
)

// Report is what came of a recording.
type Report struct {
	Side    string
	Calls   int // that were made
	NotMade map[string]int
	// Difference is the first, nil when there was none; nothing is made behind it.
	Difference *Difference
	// Beside are calls that may have changed something and are not recorded.
	Beside map[string]int
	CutOff string // why the recording ends early
}

// Run makes the calls of a recording again on a side until one is answered otherwise.
func Run(ctx context.Context, r *recording.Reader, side Side) (*Report, error) {
	report := &Report{Side: side.Name(), NotMade: map[string]int{}, Beside: map[string]int{}}
	if err := side.Start(r.Header); err != nil {
		return report, fmt.Errorf("start %s: %w", side.Name(), err)
	}
	for number := 0; ; {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			report.CutOff = r.CutOff()
			return report, nil
		}
		if err != nil {
			return report, err
		}
		switch entry := entry.(type) {
		case recording.Event:
			if entry.Verb == recording.Beside {
				report.Beside[entry.What]++
			}
			if why := side.Event(entry); why != "" {
				report.NotMade[why]++
			}
		case *recording.Call:
			number++
			if report.call(number, entry, side) {
				return report, nil
			}
		}
	}
}

// call makes a call and reports whether its answer differs.
func (report *Report) call(number int, c *recording.Call, side Side) bool {
	a, why := side.Call(c)
	if why != "" {
		report.NotMade[why]++
		return false
	}
	report.Calls++
	if differs(c, a) {
		report.Difference = &Difference{Number: number, Call: c, Side: side.Name(), Answer: a}
		return true
	}
	return false
}
