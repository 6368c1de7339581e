package bpftest

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/sim"
)

// Strategy is how Explore picks the orders that it runs.
type Strategy uint8

const (
	// DFS runs every order in which a goroutine is preempted Bound times at most, each once.
	DFS Strategy = iota
	// PCT draws orders that find a bug which takes Bound things in a certain order with a probability that can be told (package sim).
	PCT
	// Random draws each turn.
	Random
)

// ExploreOptions say which orders Explore runs. The zero value is a good beginning.
type ExploreOptions struct {
	Strategy Strategy
	// Bound is how often a goroutine that could go on is made to wait for another (DFS; 0 means 2, Unbounded any number), or the depth of a
	// bug (PCT; 0 means 3).
	Bound int
	// Budget is how many orders are run at most; 0 means 10,000.
	Budget int
	// Seed begins PCT and Random.
	Seed uint64
	// HoldUp is for how long calls can be held up while timers run, in the body's time: 0 means 100 ms, and less means not at all. Longer
	// makes no difference to bodies that never sleep.
	HoldUp time.Duration
	// Patience is for how long a body may do something else than calls and waiting, in real time; 0 means 10 s.
	Patience time.Duration
	// Show, unless nil, prints elements of maps in the story of a failure: the map's name, a key, and a value or nil. "" is for the usual print.
	Show func(name string, key, value []byte) string
}

// Unbounded lets DFS preempt as often as it likes.
const Unbounded = sim.Unbounded

// replayLine is an order that was printed with a failure.
var replayLine = flag.String("bpftest.replay", "", "the one order of calls that Explore shall run, from the message of a failure")

// Explore runs body again and again, each time in another order of the bpf(2) calls of its goroutines and of what programs do (Map), until it
// fails. Then it looks for a simpler order that fails, too, prints it as a story, and fails the test. -bpftest.replay=LINE runs that order alone.
//
// The code under test is unmodified. Each of its calls is one step, as is each operation on a Map, except those that make something which nobody
// else knows yet (BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_BTF_LOAD) or ask what an object is; between two steps a goroutine runs as it does
// always. Readers of ring and perf buffers (cilium/ebpf's ringbuf.Reader and perf.Reader) wait in steps, too: for a record, for Close, for their
// deadline. Steps of their own are the start of each goroutine, to get a sync.Mutex or a read lock that another goroutine has, and to go on behind a
// wait for a sync.WaitGroup, a sync.Cond or the readers of an RWMutex. A panic and os.Exit in any goroutine of body are failures of that
// order; a fatal error, such as concurrent map writes, ends the process and prints the order that led to it.
//
// Between two steps goroutines run one behind the other, in the order in which they were woken: a value on a channel goes to the one that waits
// longest, and who of those that a closed channel or a timer wakes goes first is always the same. Orders of that are not explored.
//
// Time is virtual, as in testing/synctest: sleeps and timers take none, and fire while calls are held up (ExploreOptions.HoldUp). What Go leaves to
// chance (the case of a select, the order of a map, math/rand) comes out the same in each run. So body begins with a kernel of its own,
//
//	k := bpftest.Kernel(t)
//
// ends what it starts before it returns, does the same in the same order each time, and waits for nothing from outside.
//
// Tests explore one after another, with one goroutine of the process running at a time. Explore needs bpf(2) to be answered in this process, as
// bpfsim test has it; elsewhere the test is skipped, and says so.
func Explore(t *testing.T, o ExploreOptions, body func(*T)) {
	t.Helper()
	found := Search(t, o, body)
	if found.Failure == nil {
		t.Log(found)
		return
	}
	t.Fatal(found)
}

// Search is Explore for tests that want a failure: it returns what it found.
func Search(t *testing.T, o ExploreOptions, body func(*T)) Exploration {
	t.Helper()
	direct, ok := kernel.(*direct)
	if !ok {
		t.Skip("bpftest: Explore needs bpf(2) to be answered in this process, and this test was built without the patch: run bpfsim test, or go test " +
			"after eval \"$(bpfsim env)\"")
	}
	if s := stepping.Load(); s != nil && s.run.Has() {
		t.Fatal("bpftest: Explore is called in a body that is explored: call it in a test, one behind the other")
	}
	e := beginExplorer(t, direct, o, body)
	defer e.end()
	if *replayLine != "" {
		return e.replay(*replayLine)
	}
	return e.search()
}

// Exploration is what Search found.
type Exploration struct {
	// Orders is how many were run, and All tells that there are no others within the bound.
	Orders int
	All    bool
	// Elapsed is the time that it took, up to a failure.
	Elapsed time.Duration
	// Failure is nil when there was none.
	Failure *Failure
}

// Failure is a run that failed.
type Failure struct {
	// Message is what the test said first, and all that it said.
	Message string
	// Story are the steps of the run, a line each.
	Story []string
	// Replay is the value of -bpftest.replay that runs it again.
	Replay string

	test string
}

// String is a message for people.
func (e Exploration) String() string {
	if e.Failure != nil {
		return fmt.Sprintf("bpftest: found after %d orders of calls, in %v:\n%v", e.Orders, e.Elapsed.Round(time.Millisecond), e.Failure)
	}
	which := "there are more: raise Budget"
	if e.All {
		which = "all within the bound"
	}
	return fmt.Sprintf("bpftest: no failure in %d orders of calls (%s), in %v", e.Orders, which, e.Elapsed.Round(time.Millisecond))
}

// String is a message for people.
func (f *Failure) String() string {
	text := f.Message + "\n\n"
	for _, line := range f.Story {
		text += "    " + line + "\n"
	}
	if f.Replay != "" {
		text += "\n" + again(f.test, f.Replay)
	}
	return text
}
