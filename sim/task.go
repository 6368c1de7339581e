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

	at          maps.Point // what the next step does
	wants       *maps.Lock // the lock that the next step takes
	first, last int        // steps since Mark
	started     bool
	done        bool
	stopping    bool
	signal      bool // a signal waits
	user        *User
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

// Mark begins a span of steps; Span reads it.
func (t *Task) Mark() { t.first, t.last = -1, -1 }

// Span is the numbers of the first and the last step that the task took since Mark, both -1 when it took none. Two
// spans overlap exactly when neither operation had ended before the other began.
func (t *Task) Span() (first, last int) { return t.first, t.last }

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
	victim.signal = true
}

// interrupted takes the signal that waits: its handler runs when the call returns.
func (t *Task) interrupted() bool {
	waiting := t.signal
	t.signal = false
	return waiting
}

// gate is a Task as maps.Scheduler, apart so that Task's own methods stay those that a body calls.
type gate Task

func (g *gate) Step(_ *maps.Task, at maps.Point) {
	if at != maps.PointUser || !g.machine.options.PrivateMemory {
		(*Task)(g).step(at, nil)
	}
}

func (g *gate) Lock(_ *maps.Task, lock *maps.Lock) { (*Task)(g).step(maps.PointLock, lock) }

// step waits until the machine picks this task; wants is the lock that it then takes, or nil.
func (t *Task) step(at maps.Point, wants *maps.Lock) {
	if t.stopping {
		panic(unwinding{})
	}
	t.at, t.wants = at, wants
	t.wait()
	t.wants = nil
	t.last = len(t.machine.referee.trace.Steps) - 1
	if t.first < 0 {
		t.first = t.last
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
