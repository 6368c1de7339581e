package bubble

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"time"

	"github.com/bpfsim/bpfsim/sim"
)

// goroutine is one that has come to a step, or was named.
type goroutine struct {
	id      uint64
	name    string
	entry   string    // what it began with, where that is known later than the name
	task    *sim.Task // nil before its first step
	wake    chan struct{}
	pending bool        // it stands before a step
	ready   func() bool // unless nil, tells that the step can be taken
	kind    string
	place   string
	step    int  // the number of its last step
	told    bool // that the run has ended
}

// Kinds of steps that this package takes itself.
const (
	Start = "start" // of a goroutine
	Lock  = "lock"  // of a mutex that another goroutine had
	Woken = "woken" // from a wait for a Cond, a WaitGroup or the readers of an RWMutex
)

// forever is for how long a goroutine waits for what it needs.
const forever = time.Duration(-1)

// Go starts a goroutine with a name. The run lasts until f has returned.
//
//go:noinline
func (r *Run) Go(name string, f func()) {
	from := ""
	if r.options.Tell {
		from = Place()
	}
	r.begin(name, func() {
		r.start(f, from)
		f()
	})
}

// start is the step at which the calling goroutine begins with f. from is the line that started it.
func (r *Run) start(f func(), from string) {
	if id, bubble := whoami(); bubble == r.bubble {
		g := r.get(id, func() string { return short(runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()) })
		g.place = from
		r.Step(Start)
	}
}

// begin starts a goroutine of which all is known.
func (r *Run) begin(name string, f func()) {
	r.mu.Lock()
	r.bodies++
	r.mu.Unlock()
	body := func() {
		r.Call(name)
		defer func() {
			r.mu.Lock()
			r.bodies--
			r.mu.Unlock()
			r.tell()
		}()
		defer r.catch()
		f()
	}
	r.session.plain = reflect.ValueOf(body).Pointer()
	go body()
}

// Call names the calling goroutine, if it is the run's and has no name yet.
func (r *Run) Call(name string) {
	if id, bubble := whoami(); bubble == r.bubble {
		r.get(id, func() string { return Name(name) })
	}
}

// Step waits until it is the calling goroutine's turn. kind is what the step is, in a word. It reports false for goroutines that are not the
// run's and when the body has ended: they are not held up.
func (r *Run) Step(kind string) bool { return r.Await(kind, nil, forever) }

// Await is a step that can be taken only when ready says so, or when a time has passed; nil is always ready. ready is called by others.
func (r *Run) Await(kind string, ready func() bool, most time.Duration) bool {
	if r.await(kind, ready, most) {
		return true
	}
	r.free()
	return false
}

// AwaitOrEnd is Await for goroutines that must not end in the middle of a wait, since their deferred calls give back what they do not have meanwhile: ended
// tells that they have to, and comes once.
func (r *Run) AwaitOrEnd(kind string, ready func() bool, most time.Duration) (taken, ended bool) {
	if r.await(kind, ready, most) {
		return true, false
	}
	id, bubble := whoami()
	if bubble != r.bubble || !r.abort.Load() {
		return false, false
	}
	g := r.get(id, entry)
	if g.told {
		select {} // who goes on reading all the same would do so for ever
	}
	g.told = true
	return false, true
}

func (r *Run) await(kind string, ready func() bool, most time.Duration) bool {
	id, bubble := whoami()
	if bubble != r.bubble || r.over.Load() {
		return false
	}
	g := r.get(id, entry)
	r.mu.Lock()
	g.kind, g.ready = kind, ready
	r.out.Slept = r.out.Slept || most > 0
	if r.options.Tell && kind != Start {
		g.place, g.entry = Place(), entry()
	}
	if g.task == nil {
		r.newcomers = append(r.newcomers, g)
	}
	g.pending = true
	r.mu.Unlock()
	r.tell()
	r.wait(g, most)
	return !r.over.Load()
}

// A goroutine that the body has left behind looks around so often, in virtual time, while the run lasts on for that.
const (
	lookEvery = 10 * time.Microsecond
	lookFor   = time.Millisecond
)

// Linger waits as Await does when steps are free, since the body has ended: for what other goroutines do that it has left. When nobody has done that,
// the goroutine waits for ever, and the run ends with a *LeftError.
func (r *Run) Linger(ready func() bool) {
	r.lingers.Store(true)
	for range lookFor / lookEvery {
		if ready() {
			return
		}
		time.Sleep(lookEvery)
	}
	select {}
}

// wait is g's own goroutine.
func (r *Run) wait(g *goroutine, most time.Duration) {
	if most < 0 {
		<-g.wake
		return
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-g.wake:
		return
	case <-timer.C:
	}
	r.mu.Lock()
	g.ready = nil
	r.mu.Unlock()
	r.tell()
	<-g.wake
}

// get is what is known of the calling goroutine, which is in the bubble.
func (r *Run) get(id uint64, name func() string) *goroutine {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.known[id]
	if g == nil {
		g = &goroutine{id: id, name: name(), wake: make(chan struct{}, 1)}
		r.known[id] = g
	}
	return g
}

func (r *Run) nameOf(id uint64) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.known[id]; g != nil {
		return g.name
	}
	return fmt.Sprintf("goroutine %d", id)
}

// most is how many goroutines can take steps, beside the clock.
const most = 254

// look lists who can take a step: the goroutine first that took the last one, the others in the order of their first steps. Those who come to their
// first one together are named in the order in which they were started: in which they came may differ from run to run.
func (r *Run) look() (ready []*goroutine, ended bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure != nil {
		return nil, false, r.failure
	}
	if len(r.tasks)+len(r.newcomers) > most {
		return nil, false, &CrowdError{most}
	}
	slices.SortFunc(r.newcomers, func(a, b *goroutine) int { return int(a.id) - int(b.id) })
	for _, g := range r.newcomers {
		g.name = r.unique(g.name)
		g.task = r.referee.Join(g.name)
		r.tasks = append(r.tasks, g)
	}
	r.newcomers = r.newcomers[:0]
	if r.running != nil && r.running.can() {
		ready = append(ready, r.running)
	}
	for _, g := range r.tasks {
		if g != r.running && g.can() {
			ready = append(ready, g)
		}
	}
	return ready, r.bodies == 0, nil
}

// can tells that g can take its step.
func (g *goroutine) can() bool { return g.pending && (g.ready == nil || g.ready()) }

// begun tells that g stands before another step than its start.
func (g *goroutine) begun() bool { return g.kind != Start }

// unique numbers goroutines of the same name.
func (r *Run) unique(name string) string {
	if name == Clock {
		name = Clock + "-"
	}
	r.names[name]++
	if n := r.names[name]; n > 1 {
		return fmt.Sprintf("%s-%d", name, n)
	}
	return name
}
