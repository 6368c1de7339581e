package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// fuzzWatch shows how far a campaign has come until it is ended.
type fuzzWatch struct {
	start time.Time
	done  chan struct{}
	ended chan struct{}
}

// barEvery is how often a bar on a terminal moves.
const barEvery = 200 * time.Millisecond

// watch shows a bar where out is a terminal, and a line now and then where it is not.
func (f fuzzFlags) watch(out io.Writer, fuzzer *campaign.Fuzzer) *fuzzWatch {
	w := &fuzzWatch{start: time.Now(), done: make(chan struct{}), ended: make(chan struct{})}
	every, show, clear := f.every, func(line string) { fmt.Fprintln(out, line) }, func() {}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		bar := f.bar(file)
		every, clear = barEvery, func() { _ = bar.Clear() } // a terminal that is gone is no reason to stop
		show = func(line string) {
			bar.Describe(line)
			_ = bar.Set64(min(int64(w.elapsed()), int64(f.length)))
		}
	}
	go func() {
		defer close(w.ended)
		w.follow(every, func() { show(w.line(fuzzer.Progress())) })
		clear()
	}()
	return w
}

// bar is one that fills with the time, or one that turns when there is no end.
func (f fuzzFlags) bar(file *os.File) *progressbar.ProgressBar {
	length := int64(f.length)
	if length == 0 {
		length = -1
	}
	return progressbar.NewOptions64(length, progressbar.OptionSetWriter(file), progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false), progressbar.OptionSetWidth(20))
}

// follow calls show every so often until the watch ends.
func (w *fuzzWatch) follow(every time.Duration, show func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-w.done:
			return
		case <-ticker.C:
			show()
		}
	}
}

// end stops the display.
func (w *fuzzWatch) end() {
	close(w.done)
	<-w.ended
}

func (w *fuzzWatch) elapsed() time.Duration { return time.Since(w.start) }

// line is the campaign in numbers.
func (w *fuzzWatch) line(p campaign.Progress) string {
	seconds := max(w.elapsed().Seconds(), 1e-3)
	return fmt.Sprintf("%.0fs: %d programs, %d operations (%.0f/s), %d scenarios, %d schedules (%.0f/s), %d triples, %d found",
		seconds, p.Programs, p.Ops, float64(p.Ops)/seconds, p.Scenarios, p.Schedules, float64(p.Schedules)/seconds, p.Answers, p.Findings)
}
