package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/syscall"
)

// refusals tells the user what a command asked for that is not simulated: the first of each kind before it is answered,
// so that the line stands before what the command makes of it, and at the end what was asked for again. Lines are written
// by a goroutine of their own: who reads them may be the command, which must not be kept waiting for ever.
type refusals struct {
	mu      sync.Mutex
	counts  map[bpfsys.Refusal]int
	lines   chan line
	ignored atomic.Bool // nobody has read a line in time
	done    chan struct{}
}

type line struct {
	text    string
	written chan struct{}
}

// maxLines is more than there are kinds.
const maxLines = 256

func newRefusals(w io.Writer) *refusals {
	r := &refusals{counts: map[bpfsys.Refusal]int{}, lines: make(chan line, maxLines), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for line := range r.lines {
			fmt.Fprintln(w, "bpfsim:", line.text)
			close(line.written)
		}
	}()
	return r
}

// note is bpfsys.Options.Refused.
func (r *refusals) note(refusal bpfsys.Refusal) {
	if written := r.count(refusal); written != nil && !r.ignored.Load() && !within(written) {
		r.ignored.Store(true)
	}
}

// count says the first refusal of a kind; what it returns is closed when that is written.
func (r *refusals) count(refusal bpfsys.Refusal) (written chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		return nil
	}
	if r.counts[refusal]++; r.counts[refusal] > 1 {
		return nil
	}
	return r.say(refusal.String())
}

func (r *refusals) say(text string) (written chan struct{}) {
	written = make(chan struct{})
	select {
	case r.lines <- line{text, written}:
		return written
	default:
		return nil
	}
}

// within waits for a line to be written, but not long.
func within(written chan struct{}) bool {
	const patience = time.Second
	select {
	case <-written:
		return true
	case <-time.After(patience):
		return false
	}
}

// close writes the summary, where there is something to sum up. What is noted later comes too late.
func (r *refusals) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text := r.summary(); text != "" {
		r.say(text)
	}
	r.counts = nil
	close(r.lines)
	within(r.done)
}

// maxSummed bounds the kinds that the summary names.
const maxSummed = 6

// summary is one line of the kinds that were refused more than once, most often first; the others have had their line.
func (r *refusals) summary() string {
	var kinds []bpfsys.Refusal
	for kind, n := range r.counts {
		if n > 1 {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return ""
	}
	slices.SortFunc(kinds, func(a, b bpfsys.Refusal) int {
		return cmp.Or(cmp.Compare(r.counts[b], r.counts[a]), cmp.Compare(a.Subject(), b.Subject()))
	})
	var parts []string
	for _, kind := range kinds[:min(len(kinds), maxSummed)] {
		parts = append(parts, fmt.Sprintf("%s (%d)", kind.Subject(), r.counts[kind]))
	}
	if rest := len(kinds) - len(parts); rest > 0 {
		parts = append(parts, fmt.Sprintf("%d other kinds", rest))
	}
	return "refused more than once: " + strings.Join(parts, ", ")
}
