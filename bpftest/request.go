package bpftest

import (
	"encoding/gob"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/bpfsim/bpfsim/trace"
)

// operation is what the tests' process asks of the one that has the kernel.
type operation uint8

const (
	opBoot   operation = iota // a new kernel
	opShape                   // of Map
	opLookup                  // Key in Map, on CPU
	opUpdate
	opDelete
	opPush
	opPop
	opPeek
	opOutput // Value to a ring or perf buffer
	opFail   // by Rule
	opHits   // of the rule numbered N
	opHeal   // end the rule numbered N
	opLive   // what the kernel's objects are
	opCPUs
	opProg     // of Name
	opAttached // all that are
	opAt       // the place Name
	opStandIn  // something stands for programs of Name
	opNoStandIn
	opServeRuns // from now on somebody takes runs
	opNextRun   // the next run to be carried out
	opRan       // the run numbered N, with the result Ran
	opStopRuns
	opMade     // the names of all objects of the kind Name
	opTrace    // from now on
	opCalls    // since then
	opReserve  // N bytes of the ring buffer Map
	opSubmit   // the record N, with Value
	opDiscard  // the record N
	opLose     // the next N records of Map
	opVariable // Map, which is its name here: size and section
	opGet      // its value
	opSet      // it to Value
	opEndRecording
)

// request is one operation and what it needs.
type request struct {
	Op         operation
	Map, Name  string
	CPU        int
	Key, Value []byte
	Flags      uint64
	Rule       fault.Rule
	Seed       uint64
	Linux      abi.Release
	Record     string // the file, "" for none
	Package    string // of the test Name
	BPFFS      string // as clients call it
	N          int
	Ran        ran
	PID        int    // of the tests, 0 where they are in the kernel's process
	Code       uint64 // where the tests' code lies
}

// reply is its result. Problem is what keeps the operation from being one, in words for the user; Errno is a helper's result.
type reply struct {
	Problem string
	Errno   abi.Errno
	Value   []byte
	Shape   shape
	N       uint64
	Objects []liveObject
	Names   []string

	Progs    []progShape
	Attached []attachedProg
	Rule     verdictRule
	Run      run
	Calls    []trace.Event
}

// shape is what the tests' process has to know of a map to convert keys and values.
type shape struct {
	Type                 abi.MapType
	KeySize, ValueSize   int // bytes; ValueSize of one CPU's part
	MaxEntries, ID, CPUs int
}

// link is the way to the kernel.
type link interface {
	// do carries a request out. The error is a reply's Problem, or that the kernel is gone.
	do(q request) (reply, error)
	// sweep frees objects that nobody has open any more.
	sweep()
	// serveRuns has f carry out the runs of programs that calls ask for, until stop.
	serveRuns(f func(run) ran) (stop func())
	// boot begins with a new kernel for a test, and returns the way to it.
	boot(t tenant, q request) (link, error)
	// free ends the test's time.
	free()
	// strays are calls during that time of which nobody knows whose they were.
	strays() []string
	// inProcess tells that the kernel is in the tests' process.
	inProcess() bool
	// bpffs is the directory that stands for the kernel's bpffs, and how its clients call it.
	bpffs() (dir, name string)
}

// kernel is the way to the kernel of this process's tests; nil outside of Main.
var kernel link

// result is a reply with its Problem as an error.
func (a reply) result() (reply, error) {
	if a.Problem != "" {
		return a, fmt.Errorf("%s", a.Problem)
	}
	return a, nil
}

// remote is the way to a kernel in another process: one request at a time, answered before the next. There is no goroutine that a test
// could take for a leak of its own.
type remote struct {
	mu  sync.Mutex
	out *gob.Encoder
	in  *gob.Decoder
	// runs is a second way, on which somebody may wait for runs while requests go the first one.
	runs *remote
	// taken is the test that has a kernel of its own now, nil when none has.
	taken atomic.Pointer[tenant]
}

func newRemote(c io.ReadWriter) *remote {
	return &remote{out: gob.NewEncoder(c), in: gob.NewDecoder(c)}
}

func (r *remote) do(q request) (a reply, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.Encode(q); err != nil {
		return a, fmt.Errorf("reach the simulated kernel: %w", err)
	}
	if err := r.in.Decode(&a); err != nil {
		return a, fmt.Errorf("hear from the simulated kernel: %w", err)
	}
	return a.result()
}

func (r *remote) sweep() { sweep() }

// boot has no way to tell which test a call of this process is of.
func (r *remote) boot(t tenant, q request) (link, error) {
	for !r.taken.CompareAndSwap(nil, &t) {
		if other := r.taken.Load(); other != nil {
			return nil, fmt.Errorf("%s has a kernel now, and on this road a process has one at a time: call bpftest.Kernel once in a test and its "+
				"subtests, and take t.Parallel out of tests that call it, or run bpfsim test, where parallel tests have one each", other.name)
		}
	}
	q.BPFFS = os.Getenv(bpffsName)
	_, err := r.do(q)
	if err != nil {
		r.free()
	}
	return r, err
}

func (r *remote) free() { r.taken.Store(nil) }

func (r *remote) strays() []string { return nil }

func (r *remote) inProcess() bool { return false }

func (r *remote) bpffs() (dir, name string) { return os.Getenv(bpffsName), os.Getenv(bpffsName) }

// serveRuns takes a goroutine, while something stands for a program, and another for each run: what stands for one may make calls, and
// ask the kernel, itself.
func (r *remote) serveRuns(f func(run) ran) (stop func()) {
	_, _ = r.do(request{Op: opServeRuns})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			a, err := r.runs.do(request{Op: opNextRun})
			if err != nil || a.Run.N == 0 {
				return
			}
			go func() { _, _ = r.do(request{Op: opRan, N: int(a.Run.N), Ran: f(a.Run)}) }()
		}
	}()
	return func() {
		_, _ = r.do(request{Op: opStopRuns})
		<-ended
	}
}
