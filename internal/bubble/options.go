package bubble

import (
	"time"

	"github.com/bpfsim/bpfsim/sim"
)

// Options say how one run goes.
type Options struct {
	// Chooser picks who takes the next step.
	Chooser sim.Chooser
	// HoldUp is for how long, in virtual time, goroutines that stand before a step may be held up while timers run; 0 means not at all. Between
	// two steps time moves on by this way once at most.
	HoldUp time.Duration
	// Patience is for how long, in real time, goroutines may go on without a step or a wait; 0 means 10 s.
	Patience time.Duration
	// Steps ends a run that takes more steps than this; 0 means 10,000.
	Steps int
	// Exact has each goroutine's state looked at before each step, which is slow. Without it a goroutine that waits for something outside of
	// the bubble may be taken for one that waits for another's step.
	Exact bool
	// Tell keeps what each step was and where in the code.
	Tell bool
	// Dying, unless nil, is what a patched Go prints when the process ends in the middle of the run, of a fatal error or of a panic that is not the
	// run's own. The steps are as those of an Outcome.
	Dying func(trace sim.Trace, steps []Step) string
}

func (o Options) withDefaults() Options {
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.Steps == 0 {
		o.Steps = 10_000
	}
	return o
}

// Outcome is what a run did.
type Outcome struct {
	// Trace has the goroutines by their names, and Clock.
	Trace sim.Trace
	// Steps has as many elements as Trace.
	Steps []Step
	// Err is what ended the run before its body did: *sim.ChoiceError, *EndlessError, *StuckError, *LeftError, *PanicError, *ExitError or
	// *CrowdError.
	Err error
	// Slept tells that time had to pass, as all goroutines waited.
	Slept bool
	// Outside tells that a goroutine waited for something outside of the bubble, such as input (known with Options.Exact only).
	Outside bool
	// Elapsed is the virtual time that has passed.
	Elapsed time.Duration
}

// Step is a step that was taken.
type Step struct {
	Task  string
	Kind  string // what the caller of Run.Step said
	Ready int    // how many could have taken it
	// Who is Task, or what its goroutine began with where that is known better later. Text and Place are there with Options.Tell: what came of it, and where the code stood that is the user's own.
	Who, Text, Place string
}

// IsCall tells steps that the code of the body asked for from those that the runtime takes for it.
func (s Step) IsCall() bool {
	return s.Task != Clock && s.Kind != Start && s.Kind != Lock && s.Kind != Woken
}

// Clock is the name of the task that moves time on.
const Clock = "clock"
