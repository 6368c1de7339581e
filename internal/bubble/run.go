package bubble

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
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
	slept     time.Duration // without a step
	nap       time.Duration // how long nobody looks around meanwhile
	awake     uint64        // when that has lasted too long, in the session's ticks
	news      chan struct{} // somebody came to a step, or the body ended
	bodies    int           // that run
	failure   error         // of a goroutine, which ends the run

	beats   atomic.Uint64 // of the conductor
	over    atomic.Bool   // steps are free
	lingers atomic.Bool   // somebody waits although they are
	abort   atomic.Bool   // steps end their goroutine
}

// Run runs body, in a goroutine called body, to its end. t is a test in which synctest.Test may be called.
func (s *Session) Run(t *testing.T, o Options, body func(*Run)) Outcome {
	s.tidy()
	r := &Run{session: s, options: o.withDefaults(), referee: sim.NewReferee(o.Chooser),
		known: make(map[uint64]*goroutine), names: make(map[string]int)}
	s.current.Store(r)
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
	every := time.NewTicker(max(r.options.Patience/4, tick))
	defer every.Stop()
	for beats, same := uint64(0), 0; ; {
		select {
		case <-done:
			return r.outcome()
		case <-abandoned:
			select {
			case <-done: // the goroutines ended at their next steps
			case <-time.After(time.Second):
			}
			return r.outcome()
		case <-every.C:
			if now := r.beats.Load(); now != beats {
				beats, same = now, 0
			} else if same++; same == stalls {
				return r.stall()
			}
		}
	}
}

// stalls is after how many quarters of Patience without a sign of the conductor a run has stalled.
const stalls = 8

// stall ends a run from outside, where real time goes on: in the bubble nobody wakes who lets time pass while a goroutine that a timer has
// woken computes for ever, or waits for something outside.
func (r *Run) stall() Outcome {
	r.end(r.busy())
	r.mu.Lock()
	r.abort.Store(true)
	r.over.Store(true)
	r.mu.Unlock()
	return r.outcome()
}

// outcome is what the run did, of which nothing changes when goroutines go on that could not be ended.
func (r *Run) outcome() Outcome {
	keep(0)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tellWho()
	out := r.out
	out.Trace = r.referee.Trace()
	out.Steps = slices.Clone(out.Steps)
	return out
}

// tellWho names those who took steps.
func (r *Run) tellWho() {
	names := map[string]int{}
	who := map[string]string{Clock: Clock}
	for _, g := range r.tasks {
		who[g.name] = g.name
		if g.entry != "" && strings.Contains(g.name, wrapped) {
			names[g.entry]++
			if who[g.name] = g.entry; names[g.entry] > 1 {
				who[g.name] = fmt.Sprintf("%s-%d", g.entry, names[g.entry])
			}
		}
	}
	for i := range r.out.Steps {
		r.out.Steps[i].Who = who[r.out.Steps[i].Task]
	}
}

// fail ends the run for what a goroutine did.
func (r *Run) fail(err error) {
	r.mu.Lock()
	if r.failure == nil {
		r.failure = err
	}
	r.mu.Unlock()
	r.tell()
}

// catch makes a goroutine's panic the end of the run.
func (r *Run) catch() {
	if p := recover(); p != nil {
		id, _ := whoami()
		r.fail(newPanicError(r.nameOf(id), p))
	}
}

// catchDeadlock tells of goroutines that are left when the body has ended.
func (r *Run) catchDeadlock() {
	if recover() != nil {
		r.end(&LeftError{r.waits()})
	}
}

// end keeps the first error.
func (r *Run) end(err error) (ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out.Err == nil {
		r.out.Err = err
	}
	return r.out.Err != nil
}

// conduct is the bubble's first goroutine. It reports false when goroutines go on that do not come to a step.
func (r *Run) conduct(body func(*Run)) bool {
	begin := time.Now()
	golang.last, r.bubble = whoami()
	keep(r.bubble)
	r.news = make(chan struct{}, 1)
	r.clock = r.referee.Join(Clock)
	calm(0)
	r.begin("body", func() { body(r) })
	for ended := false; !ended; {
		over, err := r.advance()
		ended = r.end(err) || over
	}
	r.release(time.Since(begin))
	if !r.end(nil) && !r.settle() { // what the body left, and what goes on although it has to end
		r.end(r.busy())
		r.abort.Store(true)
	}
	if r.lingers.Load() {
		time.Sleep(2 * lookFor) // time stops with this goroutine
	}
	r.mu.Lock()
	left := r.failure
	r.mu.Unlock()
	return !r.end(left)
}

// advance has one step taken, or lets time pass for one to come.
func (r *Run) advance() (ended bool, err error) {
	r.beats.Add(1)
	if !r.settle() {
		return false, r.busy()
	}
	ready, ended, err := r.look()
	switch {
	case err != nil:
		return false, err
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

// Told keeps what came of the calling goroutine's last step.
func (r *Run) Told(text string) {
	id, _ := whoami()
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.known[id]; g != nil && g.step < len(r.out.Steps) && r.out.Steps[g.step].Text == "" {
		r.out.Steps[g.step].Text = text
	}
}

// Returned begins what is left to chance anew, behind what a step did.
func (r *Run) Returned() {
	id, _ := whoami()
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.known[id]; g != nil {
		calm(g.step + 1)
	}
}

// Telling tells that Told wants to be called.
func (r *Run) Telling() bool { return r.options.Tell }

// Has tells that the calling goroutine is one of the run's.
func (r *Run) Has() bool {
	_, bubble := whoami()
	return bubble == r.bubble
}

// tell wakes who waits for something to happen.
func (r *Run) tell() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// turn lets one go on.
func (r *Run) turn(ready []*goroutine) error {
	if len(r.out.Steps) >= r.options.Steps {
		return r.endless()
	}
	tasks := make([]*sim.Task, 0, len(ready)+1)
	for _, g := range ready {
		tasks = append(tasks, g.task)
	}
	if r.options.HoldUp > 0 && !r.moved && slices.ContainsFunc(ready, (*goroutine).begun) {
		tasks = append(tasks, r.clock)
	}
	next, err := r.choose(ready[0] == r.running, tasks)
	if err != nil {
		return err
	}
	if next == r.clock {
		r.leave(true)
		r.moved = true
		if r.stands() == nil {
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
	r.leave(ready[0] != g)
	g.wake <- struct{}{}
	return nil
}

// choose picks who goes on. It asks nobody any more when the run was ended from outside: the next one has the same chooser.
func (r *Run) choose(preempts bool, ready []*sim.Task) (*sim.Task, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over.Load() {
		return nil, r.out.Err
	}
	next, err := r.referee.Next(preempts, ready...)
	if err == nil && next == r.clock {
		r.out.Steps = append(r.out.Steps, Step{Task: Clock, Ready: len(ready)})
	}
	return next, err
}

// endless says who took most of too many steps.
func (r *Run) endless() error {
	e := &EndlessError{Steps: len(r.out.Steps), Waits: r.waits()}
	taken := map[string]int{}
	for _, s := range r.out.Steps {
		if taken[s.Task]++; taken[s.Task] > e.Taken {
			e.Name, e.Taken = s.Task, taken[s.Task]
		}
	}
	return e
}

// leave keeps what is to be printed if the process dies.
func (r *Run) leave(turned bool) {
	if r.options.Dying != nil && (turned || r.options.Tell) {
		r.mu.Lock()
		defer r.mu.Unlock()
		var steps []Step
		if r.options.Tell {
			r.tellWho()
			steps = r.out.Steps
		}
		r.session.Leave(r.options.Dying(r.referee.Trace(), steps))
	}
}

// years is how long all may wait for a timer.
const years = 10_000 * time.Hour

// sleep has time pass until somebody comes to a step, since all wait: an hour, behind which it looks around, and longer when nothing happens in it.
func (r *Run) sleep() error {
	if r.slept == 0 {
		if r.lockGiven(1) {
			return nil
		}
		r.awake, r.nap = r.deadline(), time.Hour
		if err := r.stands(); err != nil {
			return err
		}
	}
	begun := r.session.ticks.Load()
	if r.slept > years || begun > r.awake {
		if r.lockGiven(int(outsiders * tick / pause)) {
			return nil
		}
		return &StuckError{Waits: r.waits()}
	}
	r.slept += r.nap
	r.pass(r.nap)
	if r.session.ticks.Load() == begun {
		r.nap *= 2
	}
	return nil
}

// stands tells that virtual time stands still, as a goroutine waits for a mutex, where Go is not patched.
func (r *Run) stands() error {
	if golang.on {
		return nil
	}
	if waits := r.waits(); slices.ContainsFunc(waits, Wait.mutex) {
		return &StuckError{Waits: waits}
	}
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

// free is a step that nobody chose: on, or to the goroutine's end.
func (r *Run) free() {
	if _, bubble := whoami(); bubble == r.bubble && r.abort.Load() {
		runtime.Goexit()
	}
}

// release lets everybody go: on without order, or to their end after an error.
func (r *Run) release(elapsed time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Elapsed = elapsed
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
