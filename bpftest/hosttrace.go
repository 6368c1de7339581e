package bpftest

import (
	"bytes"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/bpfsim/bpfsim/trace"
)

// recorder keeps what is to be told of calls: all of them while the test wants a trace, and at any time who made what.
type recorder struct {
	tracing atomic.Bool
	tests   int    // the process whose stacks can be read
	shift   uint64 // by which its code lies elsewhere than this process's

	mu     sync.Mutex
	began  time.Time
	events []trace.Event
	// places are where objects were made: the program counters of the caller's stack.
	places map[objectKey][]uintptr
	// names are those of all objects, by kind.
	names map[string]map[string]bool
}

// objectKey tells objects apart.
type objectKey struct {
	kind string
	id   uint64
}

// numbered is an object with an id.
type numbered interface {
	ID() uint32
	Kind() string
}

func keyOf(o numbered) objectKey { return objectKey{o.Kind(), uint64(o.ID())} }

func keyOfEvent(e *bpfsys.PerfEvent) objectKey { return objectKey{e.Kind(), e.ID()} }

// Bounds of what is kept.
const (
	mostEvents = 1 << 20
	mostPlaces = 1 << 16
)

func newRecorder(tests int, shift uint64) *recorder {
	return &recorder{tests: tests, shift: shift, places: map[objectKey][]uintptr{}, names: map[string]map[string]bool{}}
}

// watch is told of each call (bpfsys.Options.Watch).
func (r *recorder) watch(c bpfsys.Call) func(bpfsys.Outcome) {
	makes := makesObject(c.Cmd)
	traced := r.tracing.Load()
	if !makes && !traced || isSweep(c) {
		return nil
	}
	return r.record(c, makes, traced)
}

// isSweep tells the calls of sweep, which are not the test's: nobody else makes one without a word of attr.
func isSweep(c bpfsys.Call) bool { return c.Cmd == abi.MapGetNextID && c.Size == 0 }

// record is watch of a call of which something is to be told. It is not part of watch so that other calls allocate nothing.
//
//go:noinline
func (r *recorder) record(c bpfsys.Call, makes, traced bool) func(bpfsys.Outcome) {
	var stack []uintptr
	if makes {
		stack = r.stackOf(c.Process)
	}
	if !traced {
		return func(o bpfsys.Outcome) { r.note(c, o, stack) }
	}
	line, begun := trace.Begin(c.Process.Mem, c.Process.Files, c.Cmd, c.Attr, c.Size), time.Now()
	return func(o bpfsys.Outcome) {
		ended := time.Now()
		r.note(c, o, stack)
		r.add(trace.Event{Duration: ended.Sub(begun), Thread: threadOf(c.Process), CPU: c.CPU, Cmd: c.Cmd, Name: o.Name,
			Ret: o.Ret, Errno: o.Errno, Injected: o.Injected != (bpfsys.Fault{}), Text: line.End(o)}, begun)
	}
}

// watcher is told of calls (bpfsys.Options.Watch).
type watcher func(bpfsys.Call) func(bpfsys.Outcome)

// both tells two of each call; the second may be nobody, and may keep the call waiting.
func both(first, second watcher) watcher {
	if second == nil {
		return first
	}
	return func(c bpfsys.Call) func(bpfsys.Outcome) {
		end2 := second(c)
		end1 := first(c)
		return func(o bpfsys.Outcome) {
			if end1 != nil {
				end1(o)
			}
			if end2 != nil {
				end2(o)
			}
		}
	}
}

// makesObject tells the commands that make what can leak.
func makesObject(cmd abi.Cmd) bool {
	switch cmd {
	case abi.MapCreate, abi.ProgLoad, abi.LinkCreate, abi.RawTracepointOpen, abi.BTFLoad, abi.IterCreate:
		return true
	}
	return false
}

// note keeps where an object was made.
func (r *recorder) note(c bpfsys.Call, o bpfsys.Outcome, stack []uintptr) {
	if o.Errno != abi.OK || !makesObject(c.Cmd) {
		return
	}
	file, _ := c.Process.Files.Get(o.Ret)
	if file == nil {
		return
	}
	made, ok := file.Object().(numbered)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ok || len(r.places) >= mostPlaces {
		return
	}
	r.places[keyOf(made)] = stack
	if r.names[made.Kind()] == nil {
		r.names[made.Kind()] = map[string]bool{}
	}
	if o, ok := made.(interface{ Name() string }); ok {
		r.names[made.Kind()][strconv.Quote(o.Name())] = true
	}
}

// noteEvent keeps where a perf event was made (bpfsys.Options.PerfOpened).
func (r *recorder) noteEvent(p *bpfsys.Process, e *bpfsys.PerfEvent) {
	stack := r.stackOf(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.places) < mostPlaces {
		r.places[keyOfEvent(e)] = stack
	}
}

// named are the names of all objects of a kind that were made.
func (r *recorder) named(kind string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.names[kind]))
}

// madeAt is where an object was made, nil where nobody knows.
func (r *recorder) madeAt(key objectKey) []uintptr {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.places[key]
}

func (r *recorder) add(e trace.Event, begun time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Begin = begun.Sub(r.began)
	if len(r.events) < mostEvents {
		r.events = append(r.events, e)
	}
}

// start begins a trace.
func (r *recorder) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began, r.events = time.Now(), nil
	r.tracing.Store(true)
}

// calls are the calls since then that have ended, in the order in which they ended.
func (r *recorder) calls() []trace.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]trace.Event(nil), r.events...)
}

// threadOf is the thread that calls or, of this process, the goroutine.
func threadOf(p *bpfsys.Process) int {
	if thread, other := otherThread(p); other {
		return thread
	}
	var text [64]byte
	words := bytes.Fields(text[:runtime.Stack(text[:], false)]) // "goroutine N [running]:"
	if len(words) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(string(words[1]))
	return n
}
