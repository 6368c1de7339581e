package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bpfsim/bpfsim/syscall"
)

// refusals tells the user what a command asked for that is not simulated: the first of each kind at once, and how
// often at the end. Lines are written by a goroutine of their own: nobody may wait for who reads them.
type refusals struct {
	mu     sync.Mutex
	counts map[bpfsys.Refusal]int
	lines  chan string
	done   chan struct{}
}

// maxLines is more than there are kinds.
const maxLines = 256

func newRefusals(w io.Writer) *refusals {
	r := &refusals{counts: map[bpfsys.Refusal]int{}, lines: make(chan string, maxLines), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for line := range r.lines {
			fmt.Fprintln(w, "bpfsim:", line)
		}
	}()
	return r
}

// note is bpfsys.Options.Refused.
func (r *refusals) note(refusal bpfsys.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		return
	}
	if r.counts[refusal]++; r.counts[refusal] == 1 {
		r.say(refusal.String())
	}
}

func (r *refusals) say(line string) {
	select {
	case r.lines <- line:
	default:
	}
}

// lastWait is how long the end waits for the lines to be read.
const lastWait = time.Second

// close writes the summary, where there is something to sum up. What is noted later comes too late.
func (r *refusals) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.counts) > 0 {
		r.say(r.summary())
	}
	r.counts = nil
	close(r.lines)
	select {
	case <-r.done:
	case <-time.After(lastWait):
	}
}

// maxSummed bounds the kinds that the summary names.
const maxSummed = 6

// summary is one line, what was refused most first.
func (r *refusals) summary() string {
	kinds := make([]bpfsys.Refusal, 0, len(r.counts))
	for kind := range r.counts {
		kinds = append(kinds, kind)
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
	return "refused, because not simulated: " + strings.Join(parts, ", ")
}
