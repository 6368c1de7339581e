package bubble

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bpfsim/bpfsim/sim"
)

// Run is one run of a body.
type Run struct {
	session *Session
	options Options
	bubble  uint64 // its number
	referee *sim.Referee
	out     Outcome

	mu        sync.Mutex
	known     map[uint64]*goroutine
	newcomers []*goroutine // without a task
	tasks     []*goroutine // in the order of their first steps
	names     map[string]int
	running   *goroutine // that took the last step
	clock     *sim.Task
	moved     bool          // time was moved on since the last step
	slept     int           // hours without a step
	awake     uint64        // when that has lasted too long, in the session's ticks
	news      chan struct{} // somebody came to a step, or the body ended
	bodies    int           // that run

	over  atomic.Bool // steps are free
	abort atomic.Bool // steps end their goroutine
}

// goroutine is one that has taken a step, or was named.
type goroutine struct {
	id      uint64
	name    string
	task    *sim.Task // nil before its first step
	wake    chan struct{}
	pending bool // it stands before a step
	kind    string
	place   string
	step    int // the number of its last step
}

// Run runs body, in a goroutine called body, to its end. t is a test in which synctest.Test may be called.
func (s *Session) Run(t *testing.T, o Options, body func(*Run)) Outcome {
	s.tidy()
	r := &Run{session: s, options: o.withDefaults(), referee: sim.NewReferee(o.Chooser),
		known: make(map[uint64]*goroutine), names: make(map[string]int)}
	done, abandoned := make(chan struct{}), make(chan struct{})
	go func() { // not the test's own goroutine, which must go on when this one does not
		defer close(done)
		defer r.catchDeadlock()
		synctest.Test(t, func(*testing.T) {
			if !r.conduct(body) {
				close(abandoned)
			}
		})
	}()
	select {
	case <-done:
	case <-abandoned:
		select {
		case <-done: // the goroutines ended at their next steps
		case <-time.After(time.Second):
		}
	}
	return r.outcome()
}

func (r *Run) outcome() Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Trace = r.referee.Trace()
	return r.out
}

// catchDeadlock tells of goroutines that are left when the body has ended.
func (r *Run) catchDeadlock() {
	if recover() == nil || r.out.Err != nil {
		return
	}
	r.out.Err = &LeftError{r.waits()}
}

// conduct is the bubble's first goroutine. It reports false when goroutines go on that do not come to a step.
func (r *Run) conduct(body func(*Run)) bool {
	begin := time.Now()
	_, r.bubble = whoami()
	r.news = make(chan struct{}, 1)
	r.clock = r.referee.Join(Clock)
	r.Go("body", func() { body(r) })
	for ended := false; !ended && r.out.Err == nil; {
		ended, r.out.Err = r.advance()
	}
	r.out.Elapsed = time.Since(begin)
	r.release()
	if r.out.Err == nil && !r.settle() { // what the body left, and what goes on although it has to end
		r.out.Err = r.busy()
		r.abort.Store(true)
	}
	return r.out.Err == nil
}

// advance has one step taken, or lets time pass for one to come.
func (r *Run) advance() (ended bool, err error) {
	if !r.settle() {
		return false, r.busy()
	}
	ready, ended := r.look()
	switch {
	case ended:
		return true, r.referee.End()
	case len(ready) == 0:
		return false, r.sleep()
	}
	return false, r.turn(ready)
}

func (r *Run) busy() error {
	return &StuckError{Busy: true, Patience: r.options.Patience, Waits: r.waits()}
}

// Go starts a goroutine with a name. The run lasts until f has returned.
func (r *Run) Go(name string, f func()) {
	r.mu.Lock()
	r.bodies++
	r.mu.Unlock()
	go func() {
		r.Call(name)
		defer func() {
			r.mu.Lock()
			r.bodies--
			r.mu.Unlock()
			r.tell()
		}()
		f()
	}()
}

// Call names the calling goroutine, if it is the run's and has no name yet.
func (r *Run) Call(name string) {
	if id, bubble := whoami(); bubble == r.bubble {
		r.get(id, func() string { return Name(name) })
	}
}

// Step waits until it is the calling goroutine's turn. kind is what the step is, in a word. It reports false for goroutines that are not the
// run's and when the body has ended: they are not held up.
func (r *Run) Step(kind string) bool {
	id, bubble := whoami()
	if bubble != r.bubble || r.over.Load() {
		return r.free(bubble)
	}
	g := r.get(id, entry)
	g.kind = kind
	if r.options.Tell {
		g.place = Place()
	}
	r.mu.Lock()
	if g.task == nil {
		r.newcomers = append(r.newcomers, g)
	}
	g.pending = true
	r.mu.Unlock()
	r.tell()
	<-g.wake
	if r.over.Load() {
		return r.free(bubble)
	}
	return true
}

// free is a step that nobody chose.
func (r *Run) free(bubble uint64) bool {
	if bubble == r.bubble && r.abort.Load() {
		runtime.Goexit()
	}
	return false
}

// Told keeps what came of the calling goroutine's last step.
func (r *Run) Told(text string) {
	id, _ := whoami()
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.known[id]; g != nil && g.step < len(r.out.Steps) && r.out.Steps[g.step].Text == "" {
		r.out.Steps[g.step].Text = text
	}
}

// Telling tells that Told wants to be called.
func (r *Run) Telling() bool { return r.options.Tell }

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

// tell wakes who waits for something to happen.
func (r *Run) tell() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// look lists who can take a step: the goroutine first that took the last one, the others in the order of their first steps. Those who come to their
// first one together are named in the order in which they were started: in which they came differs from run to run.
func (r *Run) look() (ready []*goroutine, ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortFunc(r.newcomers, func(a, b *goroutine) int { return int(a.id) - int(b.id) })
	for _, g := range r.newcomers {
		g.name = r.unique(g.name)
		g.task = r.referee.Join(g.name)
		r.tasks = append(r.tasks, g)
	}
	r.newcomers = r.newcomers[:0]
	if r.running != nil && r.running.pending {
		ready = append(ready, r.running)
	}
	for _, g := range r.tasks {
		if g != r.running && g.pending {
			ready = append(ready, g)
		}
	}
	return ready, r.bodies == 0
}

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

// turn lets one go on.
func (r *Run) turn(ready []*goroutine) error {
	if len(r.referee.Trace().Steps) >= r.options.Steps {
		return &sim.StepLimitError{Trace: r.referee.Trace()}
	}
	tasks := make([]*sim.Task, 0, len(ready)+1)
	for _, g := range ready {
		tasks = append(tasks, g.task)
	}
	if r.options.HoldUp > 0 && !r.moved {
		tasks = append(tasks, r.clock)
	}
	next, err := r.referee.Next(ready[0] == r.running, tasks...)
	if err != nil {
		return err
	}
	if next == r.clock {
		r.out.Steps = append(r.out.Steps, Step{Task: Clock, Ready: len(tasks)})
		r.moved = true
		if !slices.ContainsFunc(r.waits(), Wait.mutex) { // with whom time stands still
			r.pass(r.options.HoldUp)
		}
		return nil
	}
	g := r.tasks[slices.IndexFunc(r.tasks, func(g *goroutine) bool { return g.task == next })]
	r.mu.Lock()
	r.out.Steps = append(r.out.Steps, Step{Task: g.name, Kind: g.kind, Ready: len(tasks), Place: g.place})
	g.step = len(r.out.Steps) - 1
	r.out.Slept = r.out.Slept || r.slept > 0
	g.pending = false
	r.running, r.moved, r.slept = g, false, 0
	r.mu.Unlock()
	g.wake <- struct{}{}
	return nil
}

// sleep has time pass until somebody comes to a step, since all wait: an hour at most, behind which it looks around.
func (r *Run) sleep() error {
	const hour, hours = time.Hour, 10_000
	if r.slept == 0 {
		r.awake = r.deadline()
		if waits := r.waits(); slices.ContainsFunc(waits, Wait.mutex) {
			return &StuckError{Waits: waits}
		}
	}
	if r.slept++; r.slept > hours || r.session.ticks.Load() > r.awake {
		return &StuckError{Waits: r.waits()}
	}
	r.pass(hour)
	return nil
}

// pass lets time move on until somebody comes to a step, by d at most. All others wait.
func (r *Run) pass(d time.Duration) {
	select {
	case <-r.news: // is known
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.news:
	case <-timer.C:
	}
}

// release lets everybody go: on without order, or to their end after an error.
func (r *Run) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out.Err != nil {
		r.abort.Store(true)
	}
	r.over.Store(true)
	for _, g := range slices.Concat(r.tasks, r.newcomers) {
		if g.pending {
			g.pending = false
			g.wake <- struct{}{}
		}
	}
}
