package bpftest

import (
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
)

// run is a program's run that somebody asks for by PROG_TEST_RUN.
type run struct {
	N             uint64 // tells runs apart
	Prog          progShape
	CPU           int
	Context, Data []byte
	Times         uint32
}

// ran is what came of it.
type ran struct {
	Errno         abi.Errno
	Value         uint32
	Context, Data []byte
	Duration      time.Duration // of one
}

// canceled is a run that did not come to its end. The test has failed then.
var canceled = ran{Errno: abi.ECANCELED}

// standIn is a Go function that stands for the programs of a name.
type standIn struct {
	k       *Handle
	name    string
	program func(*Context) int

	mu      sync.Mutex
	running int
	ended   bool // with the test
}

// StandIn has a Go function stand for the program of that name, loaded already or later, to the end of the test: it runs when the test fires
// the program (Prog.Fire, Place.Fire) and when the agent has it run by BPF_PROG_TEST_RUN. It returns what the program would. A program that
// was never loaded fails the test.
//
//	k.StandIn("count_packets", func(c *bpftest.Context) int {
//		seen := c.Map("packets")
//		...
//	})
//
// A function that the agent's call has run and that panics, or has not returned for a minute, fails the test, and the call answers ECANCELED.
func (k *Handle) StandIn(name string, program func(c *Context) int) {
	k.t.Helper()
	if err := k.link.ended(); err != nil { // before somebody begins to wait for runs
		k.fatal(err)
	}
	in := &standIn{k: k, name: cutName(name), program: program}
	before := k.standIns.put(in)
	k.do(request{Op: opStandIn, Name: in.name})
	k.t.Cleanup(func() {
		k.t.Helper()
		in.end()
		if loaded := k.made("bpf-prog"); !k.t.Failed() && !strings.Contains(loaded, strconv.Quote(in.name)) {
			k.t.Errorf("bpftest: a function stands for program %q, which was never loaded: loaded were: %s", name, loaded)
		}
		if k.standIns.remove(in, before) {
			k.do(request{Op: opNoStandIn, Name: in.name})
		}
	})
}

// longest is how long a function may stand for a program that a call runs.
var longest = time.Minute

// run carries out a run. It takes a goroutine of its own, which may panic, end or stay.
func (in *standIn) run(r run) ran {
	if !in.begin() {
		return canceled
	}
	result := make(chan ran, 1)
	begin(in.name, func() { in.attempt(r, result) })
	select {
	case a := <-result:
		return a
	case <-time.After(longest):
		in.fail("bpftest: what stands for program %q has not returned for %v", in.name, longest)
		return canceled
	}
}

func (in *standIn) attempt(r run, result chan<- ran) {
	a := canceled
	returned := false
	defer func() {
		if p := recover(); p != nil {
			in.fail("bpftest: what stands for program %q panicked: %v\n%s", in.name, p, debug.Stack())
		} else if !returned && !in.k.t.Failed() && !in.k.t.Skipped() { // it ended its goroutine, and not by t.FailNow
			in.fail("bpftest: what stands for program %q ended its goroutine (runtime.Goexit) and returned nothing: return a value", in.name)
		}
		in.mu.Lock()
		in.running--
		in.mu.Unlock()
		result <- a
	}()
	a = in.times(r)
	returned = true
}

// fire runs the program on the test's own goroutine.
func (in *standIn) fire(t testing.TB, c *Context) int {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Helper()
			t.Fatalf("bpftest: what stands for program %q panicked: %v\n%s", in.name, p, debug.Stack())
		}
	}()
	return in.program(c)
}

// times runs the program as often as is wanted, each time on what the last run left.
func (in *standIn) times(r run) ran {
	c := &Context{Ctx: r.Context, Data: r.Data, prog: &Prog{k: in.k, cpu: r.CPU, shape: r.Prog}}
	size, value, begun := len(r.Context), 0, time.Now()
	for range r.Times {
		value = in.program(c)
	}
	spent := time.Since(begun)
	if len(c.Ctx) != size {
		in.fail("bpftest: what stands for program %q left a context of %d bytes: it has %d", in.name, len(c.Ctx), size)
		return canceled
	}
	return ran{Value: uint32(value), Context: c.Ctx, Data: c.Data, Duration: spent / time.Duration(max(r.Times, 1))}
}

func (in *standIn) begin() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ended {
		return false
	}
	in.running++
	return true
}

// fail fails the test unless it is over.
func (in *standIn) fail(format string, args ...any) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.ended {
		in.k.t.Errorf(format, args...)
	}
}

// end is the end of the test.
func (in *standIn) end() {
	in.k.t.Helper()
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.running > 0 {
		in.k.t.Errorf("bpftest: what stands for program %q still runs at the end of the test", in.name)
	}
	in.ended = true
}

// registry has the stand-ins of a kernel.
type registry struct {
	link   link
	mu     sync.Mutex
	byName map[string]*standIn
	stop   func() // ends listening for runs
}

func (r *registry) find(name string) *standIn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byName[name]
}

// put has in stand for its name, in the place of before, which may be nil.
func (r *registry) put(in *standIn) (before *standIn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before = r.byName[in.name]
	r.byName[in.name] = in
	if r.stop == nil {
		r.stop = r.link.serveRuns(r.run)
	}
	return before
}

// remove puts before back in the place of in, and reports whether nothing stands for the name then.
func (r *registry) remove(in, before *standIn) (gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName[in.name] != in {
		return false
	}
	if before != nil {
		r.byName[in.name] = before
		return false
	}
	delete(r.byName, in.name)
	if len(r.byName) == 0 {
		r.stop()
		r.stop = nil
	}
	return true
}

func (r *registry) run(want run) ran {
	in := r.find(want.Prog.Name)
	if in == nil { // it ended just now
		return canceled
	}
	return in.run(want)
}
