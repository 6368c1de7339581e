package bpftest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/internal/bubble"
	"github.com/bpfsim/bpfsim/sim"
)

// explorer runs a body in one order after another.
type explorer struct {
	t       *testing.T
	body    func(*T)
	options ExploreOptions
	direct  *direct
	session *bubble.Session
	exact   bool // the body waits for what bubbles do not know of
	timers  bool // the body sleeps
	before  *bubble.Outcome
	begun   time.Time
	orders  int
}

func beginExplorer(t *testing.T, d *direct, o ExploreOptions, body func(*T)) *explorer {
	e := &explorer{t: t, body: body, options: o.withDefaults(), direct: d, session: bubble.Begin(), begun: time.Now()}
	d.watch(stepper{})
	return e
}

func (e *explorer) end() {
	e.direct.watch(nil)
	e.direct.host.watch = nil
	stepping.Store(nil)
	e.session.End()
}

func (o ExploreOptions) withDefaults() ExploreOptions {
	if o.Bound == 0 {
		o.Bound = map[Strategy]int{DFS: 2, PCT: 3}[o.Strategy]
	}
	if o.Budget == 0 {
		o.Budget = 10_000
	}
	if o.HoldUp == 0 {
		o.HoldUp = 100 * time.Millisecond
	}
	return o
}

func (o ExploreOptions) schedules() *sim.Limited {
	switch o.Strategy {
	case PCT:
		return sim.Limit(sim.NewPCT(o.Seed, o.Bound, o.Budget), o.Budget)
	case Random:
		return sim.Limit(sim.NewRandom(o.Seed, o.Budget), o.Budget)
	}
	return sim.Limit(sim.NewDFS(o.Bound), o.Budget)
}

// attempt is one run and what came of it: err is a *sim.CheckError with the body's failure or the bubble's, or a *sim.ChoiceError.
type attempt struct {
	bubble.Outcome
	said []string
	err  error
}

// run runs the body in the order that c chooses.
func (e *explorer) run(c sim.Chooser, tell bool) attempt {
	t := &T{TB: e.t}
	o := bubble.Options{Chooser: c, Patience: e.options.Patience, Exact: e.exact || tell, Tell: tell, Dying: e.dying}
	if e.timers && e.options.HoldUp > 0 {
		o.HoldUp = e.options.HoldUp
	}
	e.direct.host.watch = nil
	if tell {
		e.direct.host.watch = teller{e.direct.host, e.options.Show}.begin
	}
	e.session.Leave(e.dying(sim.Trace{}, nil))
	out := e.session.Run(e.t, o, func(r *bubble.Run) {
		t.run = r
		stepping.Store(&steps{r, teller{e.direct.host, e.options.Show}})
		t.try(e.body)
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free != nil {
		t.free()
	}
	if t.skipped {
		e.t.Skip(strings.Join(t.said, "\n"))
	}
	a := attempt{out, t.said, t.verdict(out)}
	switch {
	case a.err != nil:
	case e.t.Failed():
		a.err = &sim.CheckError{Trace: out.Trace, Err: errOutside}
	case t.free == nil && slices.ContainsFunc(out.Steps, bubble.Step.IsCall):
		a.err = &sim.CheckError{Trace: out.Trace, Err: errNoKernel}
	}
	return a
}

// errNoKernel is a body whose runs find what earlier ones have left.
var errNoKernel = errors.New("the body makes calls and has no kernel of its own: begin it with bpftest.Kernel(t), whose t is the one that the body is " +
	"given (func(t *bpftest.T))")

// errOutside is a failure of the test itself, which is for good: no other order can be tried then.
var errOutside = errors.New("the body failed the test around it, whose messages stand elsewhere, and not its own T: take the one that the body is given " +
	"(func(t *bpftest.T)), also for what it calls, so that each order has its own result")

// verdict is what is wrong with a run. What the body says counts before what it left behind.
func (t *T) verdict(out bubble.Outcome) error {
	var choice *sim.ChoiceError
	switch {
	case errors.As(out.Err, &choice):
		return out.Err
	case t.failure != nil:
		return &sim.CheckError{Trace: out.Trace, Err: t.failure}
	case out.Err != nil:
		return &sim.CheckError{Trace: out.Trace, Err: out.Err}
	}
	return nil
}

// learn runs the simplest order, and finds out what the body needs. Libraries ask, once and for all, what the kernel can do, so that it is like
// none of those that follow.
func (e *explorer) learn(tell bool) attempt {
	e.exact = true
	a := e.run(&sim.First{}, tell)
	e.exact, e.timers = a.Outside, a.Slept
	return a
}

// restarts is how often a run may differ from the one before: libraries ask what the kernel can do once they need to know.
const restarts = 8

func (e *explorer) search() Exploration {
	e.orders = 1
	if a := e.learn(false); a.err != nil {
		return e.conclude(a)
	}
	var differs error
	for range restarts {
		var found Exploration
		if found, differs = e.all(); differs == nil {
			return found
		}
	}
	return e.found(&Failure{Message: differs.Error()})
}

// all runs one order after another. The error says that runs are not repeated.
func (e *explorer) all() (Exploration, error) {
	schedules := e.options.schedules()
	first := e.run(&sim.First{}, false) // to compare the first one with
	e.before, e.orders = &first.Outcome, 0
	for schedules.Next() {
		a := e.run(schedules, false)
		e.orders++
		if err := e.compare(a); err != nil {
			return Exploration{}, err
		}
		if a.err != nil {
			return e.conclude(a), nil
		}
	}
	found := e.found(nil)
	found.All = e.options.Strategy == DFS && !schedules.More()
	return found, nil
}

func (e *explorer) found(f *Failure) Exploration {
	if f != nil {
		f.test = e.t.Name()
	}
	return Exploration{Orders: e.orders, Elapsed: time.Since(e.begun), Failure: f}
}

// compare holds a run against the one before: as long as the same choices are made, the same must happen.
func (e *explorer) compare(a attempt) error {
	var choice *sim.ChoiceError
	before := e.before
	e.before = &a.Outcome
	if err := difference(before, &a.Outcome); err != nil {
		return err
	}
	if errors.As(a.err, &choice) {
		return differs(len(a.Trace.Steps), "as many goroutines ready", fmt.Sprintf("%d", len(choice.Ready)))
	}
	return nil
}

// difference is the first one between two runs in which the same choices were made.
func difference(a, b *bubble.Outcome) error {
	for i := range min(len(a.Steps), len(b.Steps)) {
		x, y := a.Steps[i], b.Steps[i]
		if x.Ready != y.Ready {
			return differs(i, fmt.Sprintf("%d could go on", x.Ready), fmt.Sprintf("%d could", y.Ready))
		}
		if a.Trace.Steps[i].Choice != b.Trace.Steps[i].Choice {
			return nil
		}
		if x.Task != y.Task || x.Kind != y.Kind {
			return differs(i, x.Task+" "+x.Kind, y.Task+" "+y.Kind)
		}
	}
	if len(a.Steps) != len(b.Steps) {
		return differs(min(len(a.Steps), len(b.Steps)), fmt.Sprintf("%d steps were taken", len(a.Steps)), fmt.Sprintf("%d", len(b.Steps)))
	}
	return nil
}

func differs(step int, first, second string) error {
	return fmt.Errorf("the body does not repeat itself: at step %d of the same order once %s, and then %s. What a body does may depend on nothing but "+
		"its calls and its clock: not on chance, on the order of a Go map, on select with several ready cases, on what an earlier run left behind",
		step, first, second)
}

// conclude makes the simplest failure that it can of a's, and tells its story.
func (e *explorer) conclude(a attempt) Exploration {
	found := e.found(nil)
	found.Failure = e.explain(a)
	found.Failure.test = e.t.Name()
	return found
}

func (e *explorer) explain(a attempt) *Failure {
	var stuck *bubble.StuckError
	var endless *bubble.EndlessError
	switch {
	case errors.As(a.err, &stuck) && stuck.Busy: // each further run would leave something behind that goes on
		return e.tell(a)
	case errors.As(a.err, &endless): // each further run would take as long
		return e.tell(a)
	case errors.Is(a.err, errOutside):
		return e.again(a.Trace.String(), a.err)
	}
	trace, err := sim.ShrinkRun(func(c sim.Chooser) (sim.Trace, error) {
		again := e.run(c, false)
		return again.Trace, again.err
	}, a.err)
	return e.again(trace.String(), err)
}

// again runs the order of a line once more, and tells its story. want is the failure that it had.
func (e *explorer) again(line string, want error) *Failure {
	replay, err := sim.ParseReplay(line)
	if err != nil {
		return &Failure{Message: fmt.Sprintf("bpftest: -bpftest.replay: %v", err)}
	}
	a := e.run(replay, true)
	if a.err == nil && want != nil {
		a.said = append(a.said, "the body does not repeat itself: in this order it failed, and when that was run again it did not: "+want.Error())
		a.err = want
	}
	if a.err == nil {
		return nil
	}
	return e.tell(a)
}

// replay is what -bpftest.replay asks for.
func (e *explorer) replay(line string) Exploration {
	e.orders = 1
	if a := e.learn(true); a.err != nil && line == "-" {
		return e.conclude(a)
	}
	return e.found(e.again(line, nil))
}
