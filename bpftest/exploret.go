package bpftest

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/internal/bubble"
)

// T is one run of a body by Explore. It is a testing.TB; what fails or logs belongs to the run, and is printed once if that is the one that
// Explore shows in the end.
type T struct {
	testing.TB
	run    *bubble.Run
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	failure  *failed
	said     []string
	tasks    int           // that run
	ended    chan struct{} // one of them, perhaps
	skipped  bool
	cleanups []func()
	free     func() // gives the kernel back
}

// failed is a run's first failure.
type failed struct{ place, message string }

func (f *failed) Error() string { return f.message }

// Is tells failures of the same line from others (errors.Is).
func (f *failed) Is(other error) bool {
	o, ok := other.(*failed)
	return ok && o.place == f.place
}

// Go starts a goroutine, such as one that plays a program; the name stands in the story. The run lasts until it has ended, and what it panics with
// fails the run.
func (t *T) Go(name string, f func()) {
	t.count(1)
	t.run.Go(name, func() {
		defer t.count(-1)
		defer t.catch(name)
		f()
	})
}

// count keeps how many goroutines of Go's there are, and tells who waits for their end.
func (t *T) count(more int) {
	t.mu.Lock()
	t.tasks += more
	t.mu.Unlock()
	select {
	case t.ended <- struct{}{}:
	default:
	}
}

// wait waits until there are none. A sync.WaitGroup would be one step more.
func (t *T) wait() {
	for {
		t.mu.Lock()
		n := t.tasks
		t.mu.Unlock()
		if n == 0 {
			return
		}
		<-t.ended
	}
}

// lendKernel keeps how to give the kernel back, for runs that never come to their cleanups.
func (t *T) lendKernel(free func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free = free
}

// catch makes a panic a failure of the run.
func (t *T) catch(name string) {
	if p := recover(); p != nil {
		t.fail("panic", fmt.Sprintf("%s panicked: %v\n%s", name, p, debug.Stack()))
	}
}

// try runs the body.
func (t *T) try(body func(*T)) {
	t.ended = make(chan struct{}, 1) // of the bubble
	t.ctx, t.cancel = context.WithCancel(context.Background())
	defer t.finish()
	defer t.catch("the body")
	body(t)
	t.cancel()
	t.wait()
}

// finish does what the end of a test does.
func (t *T) finish() {
	t.cancel()
	for {
		t.mu.Lock()
		n := len(t.cleanups)
		if n == 0 {
			t.mu.Unlock()
			return
		}
		f := t.cleanups[n-1]
		t.cleanups = t.cleanups[:n-1]
		t.mu.Unlock()
		t.clean(f)
	}
}

// clean runs a cleanup, which may end its goroutine.
func (t *T) clean(f func()) {
	done := false
	defer func() {
		if !done {
			t.finish()
		}
	}()
	defer t.catch("a cleanup")
	f()
	done = true
}

func (t *T) fail(place, message string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failure == nil {
		t.failure = &failed{place, message}
	}
	t.said = append(t.said, message)
}

// say is a message of the body's, with its place in front as go test has it.
func (t *T) say(text string) (place, message string) {
	text = strings.Trim(text, "\n")
	if place = bubble.Place(); place != "" {
		text = place + ": " + text
	}
	return place, text
}

// Cleanup has f called at the end of the run.
func (t *T) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

// Context ends when the body has returned, before what Go has started is waited for.
func (t *T) Context() context.Context { return t.ctx }

// Helper does nothing: the story has the lines.
func (t *T) Helper() {}

// Log keeps a message.
func (t *T) Log(args ...any) { t.log(fmt.Sprintln(args...)) }

// Logf keeps a message.
func (t *T) Logf(format string, args ...any) { t.log(fmt.Sprintf(format, args...)) }

func (t *T) log(text string) {
	_, message := t.say(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = append(t.said, message)
}

// Error fails the run, and Errorf, Fail, FailNow, Fatal and Fatalf do so as in package testing.
func (t *T) Error(args ...any) { t.fail(t.say(fmt.Sprintln(args...))) }

// Errorf is Error with a format.
func (t *T) Errorf(format string, args ...any) { t.fail(t.say(fmt.Sprintf(format, args...))) }

// Fail fails the run without a word.
func (t *T) Fail() { t.fail(t.say("failed")) }

// FailNow fails the run and ends the goroutine.
func (t *T) FailNow() {
	if !t.Failed() {
		t.Fail()
	}
	runtime.Goexit()
}

// Fatal is Error and FailNow.
func (t *T) Fatal(args ...any) { t.Error(args...); t.FailNow() }

// Fatalf is Errorf and FailNow.
func (t *T) Fatalf(format string, args ...any) { t.Errorf(format, args...); t.FailNow() }

// Failed reports whether the run has failed.
func (t *T) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failure != nil
}

// Skip, Skipf and SkipNow skip the test.
func (t *T) Skip(args ...any) { t.Log(args...); t.SkipNow() }

// Skipf is Skip with a format.
func (t *T) Skipf(format string, args ...any) { t.Logf(format, args...); t.SkipNow() }

// SkipNow skips the test.
func (t *T) SkipNow() {
	t.mu.Lock()
	t.skipped = true
	t.mu.Unlock()
	runtime.Goexit()
}

// Skipped reports whether the run was skipped.
func (t *T) Skipped() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.skipped
}
