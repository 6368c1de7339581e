package intercept

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// outlet hands lines to a writer that may not return, because the reader of a pipe has stopped reading. The calls that are
// traced wait for it, the end of the run does not.
type outlet struct {
	lines   chan string
	written chan struct{} // closed when the writer has all lines
	expired chan struct{} // closed when nobody waits for the writer any more
	stderr  io.Writer
}

// lastMoment is how long the end of a run waits for what was not read yet.
const lastMoment = time.Second

// newOutlet tells stderr once when a line cannot be written: that must not end the program that is traced. A reader that
// has gone wants no more lines, and a file closed under a waiting write is told of by close.
func newOutlet(w, stderr io.Writer) *outlet {
	if w == nil {
		return nil
	}
	o := &outlet{lines: make(chan string), written: make(chan struct{}), expired: make(chan struct{}), stderr: stderr}
	go func() {
		defer close(o.written)
		lost := false
		for line := range o.lines {
			_, err := io.WriteString(w, line)
			if err != nil && !lost && !errors.Is(err, unix.EPIPE) && !errors.Is(err, os.ErrClosed) {
				lost = true
				warn(stderr, "the trace is lost, or a part of it: %v", err)
			}
		}
	}()
	return o
}

// put hands over a line, or drops it when the time is over.
func (o *outlet) put(line string) {
	select {
	case o.lines <- line:
	case <-o.expired:
	}
}

// expire sets the time from which nobody waits any more.
func (o *outlet) expire() {
	if o != nil {
		time.AfterFunc(lastMoment, func() { close(o.expired) })
	}
}

// close waits for the lines that were put, after expire and the last put.
func (o *outlet) close() {
	if o == nil {
		return
	}
	close(o.lines)
	select {
	case <-o.written:
	case <-o.expired:
		warn(o.stderr, "the end of the trace is lost: its reader has stopped reading")
	}
}
