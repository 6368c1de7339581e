package proptest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
)

// tournament is a campaign under way. Workers take its programs by number and hand in what came of them; it counts in the
// order of the numbers, so the report does not depend on who was faster.
type tournament struct {
	Options
	ctx    context.Context
	mu     sync.Mutex
	handed sync.Cond // something was handed in
	report *Report
	err    error
	taken  int            // programs that somebody makes or has made
	early  map[int]*trial // handed in before one with a lower number
	spent  []*trial       // counted
}

func newTournament(ctx context.Context, o Options) *tournament {
	t := &tournament{Options: o, ctx: ctx, report: &Report{}, early: map[int]*trial{}}
	t.handed.L = &t.mu
	return t
}

// jobs is how many programs can run at once: kernels of one's own are needed, and those of others are only here once.
func (o Options) jobs() int {
	for _, k := range o.Kernels {
		if _, ok := k.(*Sim); !ok {
			return 1
		}
	}
	return runtime.GOMAXPROCS(0)
}

// run makes programs with so many workers until it is over. The first one works here, on the kernels of the options.
func (t *tournament) run(jobs int) (*Report, error) {
	var others sync.WaitGroup
	for range jobs - 1 {
		others.Go(func() {
			kernels := make([]Kernel, len(t.Kernels))
			for i, k := range t.Kernels {
				kernels[i] = k.(*Sim).another()
			}
			t.work(newContest(kernels))
		})
	}
	t.work(newContest(t.Kernels))
	others.Wait()
	return t.report, t.err
}

func (t *tournament) work(c *contest) {
	came := new(trial)
	for i, wanted := t.take(); wanted; i, wanted = t.take() {
		came = t.hand(i, c.try(t.Options, i, came))
	}
}

// take is the number of the program to make next, false when none is wanted any more.
func (t *tournament) take() (int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.over() && t.enough() {
		t.handed.Wait()
	}
	t.taken++
	return t.taken - 1, !t.over()
}

// ahead bounds how many programs wait for one with a lower number, which takes long when it is shrunk.
const ahead = 100

// enough reports whether those that are being made will do: one more might be made in vain.
func (t *tournament) enough() bool {
	making := t.taken - t.report.Programs
	return making >= ahead || t.report.Ops+making*programSteps >= t.Ops
}

func (t *tournament) over() bool {
	r := t.report
	return t.err != nil || r.Ops >= t.Ops || len(r.Mismatches) >= max(t.Most, 1) || t.ctx.Err() != nil
}

// hand hands in what came of program i, and counts what can be counted now. It gives back a trial that is of no use any
// more.
func (t *tournament) hand(i int, came *trial) *trial {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.early[i] = came
	for at := t.report.Programs; t.early[at] != nil && !t.over(); at++ {
		t.count(at, t.early[at])
		t.spent = append(t.spent, t.early[at])
		delete(t.early, at)
	}
	t.handed.Broadcast()
	n := len(t.spent)
	if n == 0 {
		return new(trial)
	}
	came, t.spent = t.spent[n-1], t.spent[:n-1]
	return came
}

func (t *tournament) count(i int, came *trial) {
	if came.err != nil {
		t.err = fmt.Errorf("program %d of seed %d: %w", i, t.Seed, came.err)
		return
	}
	t.report.add(came)
	if t.Progress != nil {
		t.Progress(t.report)
	}
}
