package bubble

import (
	"fmt"
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

// Wait is a goroutine, its state in the words of Go's runtime, and where it is.
type Wait struct{ Name, State, Place string }

func (w Wait) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s: %s %s", w.Name, w.State, w.Place))
}

func (w Wait) mutex() bool {
	return strings.HasPrefix(w.State, "sync.Mutex.") || strings.HasPrefix(w.State, "sync.RWMutex.")
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
	return "deadlock: all goroutines wait for each other, and no timer will wake one"
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
