package sim

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// Options are the settings of a machine.
type Options struct {
	// CPUs is the number of possible CPUs; 0 means 1.
	CPUs int
	// Seed and Numbers are those of the machine's kernel (bpfsys.Options).
	Seed    uint64
	Numbers map[abi.Cmd]abi.Cmd
	// PrivateMemory makes the kernel's copies to and from user memory no steps. Where no task looks at the memory of
	// another, that leaves out only schedules that nobody can tell apart.
	PrivateMemory bool
	// OwnMemory says that each task uses only memory of its own, and no call but those on elements: then no other task can tell when a
	// copy to or from user memory comes (DPOR, Task.Visible).
	OwnMemory bool
	// Signals says that there are any, where each task uses only memory of its own.
	Signals bool
	// Filled tells which buckets of hash tables ever hold an element: to look at one of them is a step, empty or not. Nil where that is not
	// known: then a walk passes all empty ones at once.
	Filled func(bucket uint32) bool
	// Steps ends a run that takes more steps than this with a StepLimitError; 0 means a million.
	Steps int
	// Observe, unless nil, is called behind each step, when the task that took it stands before its next one or has
	// ended. It sees what the tasks did so far and must not change it.
	Observe func(Step)
}

const (
	defaultSteps = 1_000_000
	maxTasks     = 256 // a Step keeps the task and the choice in one byte each
)

// Machine runs a fixed set of tasks once, one step at a time. It is not safe for concurrent use.
type Machine struct {
	options Options
	tasks   []*Task
	checks  []func() error
	referee Referee
	reducer *DPOR // nil: the steps of another chooser
	next    *Task // whom Run resumes; nil ends the run
	err     error
	ran     bool

	kernel *bpfsys.Kernel
	files  *bpfsys.FDTable
	tree   *bpfsys.FileTree
	user   *User
}

// NewMachine makes a machine without tasks.
func NewMachine(options Options) *Machine {
	options.CPUs = max(options.CPUs, 1)
	if options.Steps == 0 {
		options.Steps = defaultSteps
	}
	return &Machine{options: options}
}

// Now is the number of the last step taken, -1 before the first one. Who asks makes it one that spans are compared with.
func (m *Machine) Now() int {
	if m.reducer != nil {
		m.reducer.spanned(true)
	}
	return m.referee.now()
}

// CPUs is the number of possible CPUs.
func (m *Machine) CPUs() int { return m.options.CPUs }

// Spawn adds a task on a CPU, counted from 0. Its name is one or more of a-z, A-Z, 0-9, '_', '-' and '.', and unique
// in the machine. The body runs in Run; before its first step it must touch nothing that other tasks see.
func (m *Machine) Spawn(name string, cpu int, body func(*Task)) *Task {
	m.checkSpawn(name, cpu)
	t := &Task{machine: m, name: name, index: len(m.tasks), body: body, quiet: m.options.OwnMemory}
	t.visible = span{-1, -1}
	t.Mark()
	t.Kernel = maps.Task{CPU: cpu, Scheduler: (*gate)(t)}
	m.tasks = append(m.tasks, t)
	return t
}

func (m *Machine) checkSpawn(name string, cpu int) {
	switch {
	case m.ran:
		panic(fmt.Sprintf("sim: task %q spawned after Run", name))
	case !validName(name):
		panic(fmt.Sprintf("sim: bad task name %q", name))
	case cpu < 0 || cpu >= m.options.CPUs:
		panic(fmt.Sprintf("sim: task %q on CPU %d of %d", name, cpu, m.options.CPUs))
	case len(m.tasks) == maxTasks:
		panic(fmt.Sprintf("sim: more than %d tasks", maxTasks))
	}
	for _, t := range m.tasks {
		if t.name == name {
			panic(fmt.Sprintf("sim: two tasks named %q", name))
		}
	}
}

// Check adds a test of the outcome: Run calls it when every task has ended and returns its error as a CheckError.
func (m *Machine) Check(check func() error) { m.checks = append(m.checks, check) }

// Run runs the tasks to their ends in the order that c chooses. The error, if any, is a *DeadlockError,
// *StepLimitError, *PanicError, *CheckError or *ChoiceError and carries the trace as well. A machine runs once.
func (m *Machine) Run(c Chooser) (Trace, error) {
	if m.ran {
		panic("sim: a machine runs once")
	}
	m.ran, m.referee.chooser = true, c
	if m.reducer = reducing(c); m.reducer != nil {
		m.reducer.start(len(m.tasks))
	}
	_, tidies := c.(*tidy)
	m.referee.always = tidies || m.reducer != nil
	defer m.stop()
	m.start()
	for m.next = m.choose(nil); m.next != nil; {
		if t := m.next; !t.proceed() {
			m.next = m.choose(nil)
		}
	}
	m.conclude()
	return m.referee.trace, m.err
}

// start runs each task to its first step: nothing before it is visible to others, so no choice is lost.
func (m *Machine) start() {
	m.referee.choice.Tasks = make([]*Task, 0, len(m.tasks))
	m.referee.trace.Tasks = make([]string, len(m.tasks))
	for i, t := range m.tasks {
		m.referee.trace.Tasks[i] = t.name
		t.begin()
	}
}

// stop unwinds the tasks that an error left in the middle, so that no coroutine outlives the run.
func (m *Machine) stop() {
	for _, t := range m.tasks {
		t.end()
	}
}

// conclude judges a run in which every task has ended.
func (m *Machine) conclude() {
	if m.err == nil {
		m.err = m.referee.End()
	}
	for _, check := range m.checks {
		if m.err != nil {
			return
		}
		if err := check(); err != nil {
			m.err = &CheckError{Trace: m.referee.trace, Err: err}
		}
	}
}

// choose picks the task that takes the next step, nil when the run is over. running is the task that has just
// reached a step, nil when the last one ended.
func (m *Machine) choose(running *Task) *Task {
	if n := len(m.referee.trace.Steps); n > 0 && m.options.Observe != nil {
		m.options.Observe(m.referee.trace.Steps[n-1])
	}
	m.gather(running)
	if m.over() {
		return nil
	}
	t, err := m.referee.next()
	switch {
	case err != nil:
		m.err = err
	case m.reducer != nil && !t.quiet:
		m.reducer.began(t.index, t.wants)
	}
	return t
}

// gather lists who can go on: the running task first, the others as they were spawned.
func (m *Machine) gather(running *Task) {
	m.referee.begin()
	if running != nil && running.ready() {
		m.referee.stay(running)
	}
	for _, t := range m.tasks {
		if t != running && t.ready() {
			m.referee.offer(t)
		}
	}
}

// over reports whether nobody takes another step, and notes the reason when tasks are left.
func (m *Machine) over() bool {
	switch {
	case m.err != nil:
	case len(m.referee.choice.Tasks) == 0:
		m.err = m.deadlock()
	case len(m.referee.trace.Steps) >= m.options.Steps:
		m.err = &StepLimitError{Trace: m.referee.trace}
	default:
		return false
	}
	return true
}
