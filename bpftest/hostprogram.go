package bpftest

import (
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// findProgram finds the program with a name, as long as there is one only.
func (m *machine) findProgram(name string) (found *bpfsys.Program, problem string) {
	var names []string
	for _, candidate := range m.kernel.Programs() {
		names = append(names, fmt.Sprintf("%q", candidate.Name()))
		if candidate.Name() != cutName(name) {
			continue
		}
		if found != nil {
			return nil, fmt.Sprintf("two programs are named %q, ids %d and %d", name, found.ID(), candidate.ID())
		}
		found = candidate
	}
	if found == nil {
		return nil, fmt.Sprintf("no program is named %q; there are: %s%s", name, listed(names), m.earlier("bpf-prog", name))
	}
	return found, ""
}

func shapeOfProgram(p *bpfsys.Program) progShape {
	tag := p.Tag()
	s := progShape{ID: p.ID(), Name: p.Name(), Tag: hex.EncodeToString(tag[:]), Type: p.Type(), AttachType: p.AttachType()}
	for _, m := range p.Maps() {
		s.Maps = append(s.Maps, m.Name())
	}
	return s
}

// program answers a request about programs; ok is false when it is about something else.
func (m *machine) program(q request) (a reply, ok bool) {
	switch q.Op {
	case opProg:
		p, problem := m.findProgram(q.Name)
		if problem != "" {
			return reply{Problem: problem}, true
		}
		return reply{Progs: []progShape{shapeOfProgram(p)}}, true
	case opAttached:
		for _, s := range m.seats() {
			a.Attached = append(a.Attached, attachedProg{s.program.ID(), s.program.Name(), s.place})
		}
		return a, true
	case opAt:
		found, problem := m.at(q.Name)
		a.Problem = problem
		for _, s := range found {
			shape := shapeOfProgram(s.program)
			shape.Cookie = s.cookie
			a.Progs, a.Rule = append(a.Progs, shape), s.rule
		}
		return a, true
	case opStandIn, opNoStandIn:
		m.mu.Lock()
		defer m.mu.Unlock()
		m.stoodFor[q.Name] = q.Op == opStandIn
		return a, true
	}
	return a, false
}

// run has what stands for a program run in the tests' process (bpfsys.Options.Run).
func (m *machine) run(r bpfsys.Run) (bpfsys.Ran, bool) {
	m.mu.Lock()
	stands := m.stoodFor[r.Program.Name()]
	m.mu.Unlock()
	if !stands {
		return bpfsys.Ran{}, false
	}
	a := m.runs.do(run{Prog: shapeOfProgram(r.Program), CPU: r.CPU, Context: r.Context, Data: r.Data, Times: r.Times})
	if a.Errno == abi.OK && len(a.Context) != len(r.Context) {
		a = canceled
	}
	if a.Data == nil { // no packet is left, which is not the same as one that was not changed
		a.Data = []byte{}
	}
	return bpfsys.Ran{Errno: a.Errno, Value: a.Value, Context: a.Context, Data: a.Data, Duration: a.Duration}, true
}

// runs hands runs from the kernel to the tests. They wait in the kernel's process until somebody there takes them, or are carried out at
// once where both are one process.
type runs struct {
	mu      sync.Mutex
	last    uint64
	direct  func(run) ran // nil where the tests are in another process
	waiting map[uint64]chan ran
	ready   chan run
	stopped chan struct{} // closed when nobody takes runs any more
}

func newRuns() *runs {
	return &runs{waiting: map[uint64]chan ran{}, ready: make(chan run), stopped: make(chan struct{})}
}

// do has a run carried out, and waits.
func (q *runs) do(r run) ran {
	q.mu.Lock()
	direct, stopped, done := q.direct, q.stopped, make(chan ran, 1)
	q.last++
	r.N = q.last
	q.waiting[r.N] = done
	q.mu.Unlock()
	defer q.forget(r.N)
	if direct != nil {
		return direct(r)
	}
	select {
	case q.ready <- r:
	case <-stopped:
		return canceled
	}
	select {
	case a := <-done:
		return a
	case <-stopped:
		return canceled
	}
}

func (q *runs) forget(n uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.waiting, n)
}

// next is the next run to be carried out; N is 0 when there will be none.
func (q *runs) next() run {
	q.mu.Lock()
	stopped := q.stopped
	q.mu.Unlock()
	select {
	case r := <-q.ready:
		return r
	case <-stopped:
		return run{}
	}
}

// answer is a run's result.
func (q *runs) answer(n uint64, a ran) {
	q.mu.Lock()
	done := q.waiting[n]
	q.mu.Unlock()
	if done == nil {
		return
	}
	select {
	case done <- a:
	default: // answered already
	}
}

// set has f carry out runs.
func (q *runs) set(f func(run) ran) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.direct = f
}

// start begins, and stop ends, the time in which somebody takes runs.
func (q *runs) start() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = make(chan struct{})
}

func (q *runs) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-q.stopped:
	default:
		close(q.stopped)
	}
}
