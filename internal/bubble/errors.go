package bubble

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// StuckError ends a run in which nobody can go on, or somebody goes on for ever without a step.
type StuckError struct {
	// Busy tells that goroutines did not come to a step or a wait within Patience.
	Busy     bool
	Patience time.Duration
	// Waits are the goroutines of the run and what each does or waits for.
	Waits []Wait
}

// Wait is a goroutine, its state in the words of Go's runtime, and where it is. Want is the kind of a step that it waits for.
type Wait struct{ Name, State, Place, Want string }

func (w Wait) String() string {
	state := w.State
	if w.Want != "" {
		state = "waits: " + w.Want
	}
	return strings.TrimSpace(fmt.Sprintf("%s: %s %s", w.Name, state, w.Place))
}

// mutex tells that the goroutine waits for a mutex and virtual time for it, where Go is not patched.
func (w Wait) mutex() bool {
	return (strings.HasPrefix(w.State, "sync.Mutex.") || strings.HasPrefix(w.State, "sync.RWMutex.")) && !w.durable()
}

func (w Wait) durable() bool { return strings.HasSuffix(w.State, "(durable)") }

func (e *StuckError) Error() string { return e.why() + list(e.Waits) }

func (e *StuckError) why() string {
	if e.Busy {
		return fmt.Sprintf("the body did not become quiet within %v: between two calls its goroutines may only compute, wait for each other or sleep. "+
			"What goes on without a call, or waits for input, a socket or a channel from outside of the body, cannot be explored; give it a fake, "+
			"or start it before Explore", e.Patience)
	}
	for _, w := range e.Waits {
		if w.mutex() {
			return "nobody can go on: a goroutine waits for a mutex, and its holder neither makes a call nor is ready; while a goroutine waits for a " +
				"mutex, virtual time stands still (testing/synctest), so the holder must not sleep"
		}
	}
	if slices.ContainsFunc(e.Waits, func(w Wait) bool { return w.Want != "" && w.Want != Lock }) {
		return "deadlock: all goroutines wait, for each other or for what nobody brings, and no timer will wake one: a reader of records waits until " +
			"somebody closes it, or for its deadline"
	}
	return "deadlock: all goroutines wait for each other, and no timer will wake one"
}

// PanicError ends a run in which a goroutine panicked.
type PanicError struct {
	Name  string
	Value any
	Place string
	Stack []byte
}

// newPanicError is for the goroutine that panics.
func newPanicError(name string, value any) *PanicError {
	return &PanicError{name, value, panicPlace(), debug.Stack()}
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("goroutine %s panicked: %v\n%s", e.Name, e.Value, e.Stack)
}

// Is tells panics of the same line from others (errors.Is).
func (e *PanicError) Is(other error) bool {
	o, ok := other.(*PanicError)
	return ok && o.Place == e.Place
}

// ExitError ends a run in which a goroutine wanted to end the process.
type ExitError struct {
	Name  string
	Code  int
	Place string
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("goroutine %s called os.Exit(%d) at %s: a process would end here, and the rest of the test with it", e.Name, e.Code, e.Place)
}

// CrowdError ends a run with too many goroutines.
type CrowdError struct{ Most int }

func (e *CrowdError) Error() string {
	return fmt.Sprintf("the body has more than %d goroutines: explore one that starts fewer", e.Most)
}

// EndlessError ends a run that takes more steps than Options.Steps.
type EndlessError struct {
	Steps int
	// Name is who took most of them, Taken times.
	Name  string
	Taken int
	// Waits are the goroutines of the run and where they are.
	Waits []Wait
}

func (e *EndlessError) Error() string {
	return fmt.Sprintf("no end after %d steps, %d of them by %s: a loop of calls that neither sleeps nor waits keeps the time from going on; give it an end, "+
		"or explore a smaller body", e.Steps, e.Taken, e.Name) + list(e.Waits)
}

// LeftError ends a run whose body has returned and left goroutines that wait for ever.
type LeftError struct{ Waits []Wait }

func (e *LeftError) Error() string {
	return "the body returned and left goroutines behind: end what it starts (cancel its context, close it, wait for it) before it returns" +
		list(e.Waits)
}

func list(waits []Wait) string {
	var b strings.Builder
	for _, w := range waits {
		fmt.Fprintf(&b, "\n\t%v", w)
	}
	return b.String()
}
