package sim

import (
	"iter"
	"runtime/debug"

	"github.com/bpfsim/bpfsim/maps"
)

// Task is one thread of control on a CPU: a thread of a user process (User) or a BPF program
// (Program). Its methods are for
// the task's own body only.
type Task struct {
	// Kernel is the task as map operations know it; steps on it are the machine's.
	Kernel maps.Task

	machine *Machine
	name    string
	index   int
	body    func(*Task)
	resume  func() (struct{}, bool)
	cancel  func()
	yield   func(struct{}) bool

	at       maps.Point // what the next step does
	wants    *maps.Lock // the lock that the next step takes
	all      span       // steps since Mark
	visible  span       // those of them that others can see
	quiet    bool       // nobody else can tell when the step comes that the task stands before, or is in
	started  bool
	done     bool
	stopping bool
	signal   bool // a signal waits
	user     *User
}

// Name is the task's name in traces.
func (t *Task) Name() string { return t.name }

// Index is the task's place in the order of Spawn.
func (t *Task) Index() int { return t.index }

// CPU is the CPU that the task is pinned to.
func (t *Task) CPU() int { return t.Kernel.CPU }

// At is the kind of step that the task stands before.
func (t *Task) At() maps.Point { return t.at }

// Step is a step boundary of the body's own, before it touches what other tasks' bodies see.
func (t *Task) Step(at maps.Point) { t.step(at, nil) }

// Mark begins a span of steps; Span and Visible read it.
func (t *Task) Mark() { t.all, t.visible.first = span{-1, -1}, -1 }

// Span is the numbers of the first and the last step that the task took since Mark, both -1 when it took none. Two
// spans overlap exactly when neither operation had ended before the other began.
func (t *Task) Span() (first, last int) {
	t.spanned()
	return t.all.first, t.all.last
}

// Visible is Span without the steps that other tasks cannot see (Options.OwnMemory): both are the last one before Mark where there is
// no other.
func (t *Task) Visible() (first, last int) {
	t.spanned()
	if t.visible.first < 0 {
		return t.visible.last, t.visible.last
	}
	return t.visible.first, t.visible.last
}

// spanned notes that somebody compares the span with others.
func (t *Task) spanned() {
	if d := t.machine.reducer; d != nil && t.visible.last >= 0 {
		d.spanned(t.visible.first < 0)
	}
}

// User is the task as a thread of the machine's process, with memory of its own.
func (t *Task) User() *User {
	if t.user == nil {
		t.user = t.machine.newUser(&t.Kernel)
		t.user.task = t
		t.user.Process.Interrupted = t.interrupted
	}
	return t.user
}

// Signal is a step that sends victim a signal: its MapDump in progress, or else its next one, ends with EINTR.
func (t *Task) Signal(victim *Task) {
	t.Step(maps.PointUser)
	t.Kernel.Touch(victim.signals())
	victim.signal = true
}

// signals is whether one waits for the task, which a look changes too.
func (t *Task) signals() maps.Access {
	return maps.Access{Of: maps.Signals, From: uint64(t.index), To: uint64(t.index) + 1, Write: true}
}

// interrupted takes the signal that waits: its handler runs when the call returns.
func (t *Task) interrupted() bool {
	if !t.machine.options.OwnMemory || t.machine.options.Signals {
		t.Kernel.Touch(t.signals())
	}
	waiting := t.signal
	t.signal = false
	return waiting
}

// gate is a Task as maps.Scheduler, apart so that Task's own methods stay those that a body calls.
type gate Task

func (g *gate) Step(_ *maps.Task, at maps.Point) {
	switch {
	case at != maps.PointUser:
		(*Task)(g).step(at, nil)
	case !g.machine.options.PrivateMemory:
		(*Task)(g).copy()
	}
}

func (g *gate) Lock(_ *maps.Task, lock *maps.Lock) { (*Task)(g).step(maps.PointLock, lock) }

// Touch is a step of its own where the last one was a copy of the task's own memory, behind which nobody else comes before another.
func (g *gate) Touch(_ *maps.Task, a maps.Access) {
	if g.quiet && !g.stopping && a.Of != maps.Private {
		(*Task)(g).step(maps.PointFind, nil)
	}
	if d := g.machine.reducer; d != nil && !g.stopping {
		d.touch(a)
	}
}

// Filled tells which buckets ever hold an element, nil where that is not known.
func (g *gate) Filled() func(bucket uint32) bool { return g.machine.options.Filled }

// copy is the step before a copy to or from user memory.
func (t *Task) copy() {
	if t.machine.options.OwnMemory {
		t.take(maps.PointUser, nil, true)
	} else {
		t.step(maps.PointUser, nil)
	}
}

// step waits until the machine picks this task; wants is the lock that it then takes, or nil.
func (t *Task) step(at maps.Point, wants *maps.Lock) { t.take(at, wants, false) }

func (t *Task) take(at maps.Point, wants *maps.Lock, quiet bool) {
	if t.stopping {
		panic(unwinding{})
	}
	t.at, t.wants, t.quiet = at, wants, quiet
	t.wait()
	t.wants = nil
	now := t.machine.referee.now()
	t.all.take(now)
	if !quiet {
		if d := t.machine.reducer; d != nil && t.visible.first < 0 {
			d.begins()
		}
		t.visible.take(now)
	}
}

// span is the first and the last of some steps.
type span struct{ first, last int }

func (s *span) take(step int) {
	s.last = step
	if s.first < 0 {
		s.first = step
	}
}

// wait switches coroutines only when another task goes on: choosing happens on the running task's own stack.
func (t *Task) wait() {
	m := t.machine
	if !t.started {
		t.started = true
		t.pause()
		return
	}
	if m.next = m.choose(t); m.next != t {
		t.pause()
	}
}

// ready reports whether the task can take its next step.
func (t *Task) ready() bool { return !t.done && (t.wants == nil || !t.wants.Held()) }

// begin runs the task up to its first step.
func (t *Task) begin() {
	t.resume, t.cancel = iter.Pull(t.run)
	t.proceed()
}

// proceed runs the task until it lets another one go on, and reports whether it has not ended.
func (t *Task) proceed() bool {
	_, alive := t.resume()
	t.done = !alive
	return alive
}

// end unwinds the task's coroutine where it stands.
func (t *Task) end() {
	t.stopping = true
	if t.cancel != nil {
		t.cancel()
	}
}

// unwinding is the panic that ends a body whose machine has stopped.
type unwinding struct{}

func (t *Task) pause() {
	if !t.yield(struct{}{}) {
		panic(unwinding{})
	}
}

func (t *Task) run(yield func(struct{}) bool) {
	t.yield = yield
	defer t.catch()
	t.body(t)
}

// catch turns a panic of the body into the machine's error; the first one counts.
func (t *Task) catch() {
	value := recover()
	if value == nil || t.stopping {
		return
	}
	if m := t.machine; m.err == nil {
		m.err = &PanicError{Trace: m.referee.trace, Task: t.name, Value: value, Stack: debug.Stack()}
	}
}
