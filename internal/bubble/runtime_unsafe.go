package bubble

import (
	"reflect"
	"runtime"
	_ "unsafe" // for go:linkname
)

// The variables of a patched Go (package patch). Elsewhere they are ours alone, and nobody looks at them: goroutines then begin, and get mutexes, in the
// runtime's order.
type (
	goHook struct {
		on    bool
		calm  func(seed uint64)
		start func(f func()) func()
		exit  func(code int)
		story []byte
		self  func() (id, bubble uint64)
		last  uint64
		keeps uint64
	}
	lockHook struct {
		//lint:ignore U1000 the patched internal/sync sets it
		on   bool
		lock func(held, try func() bool) bool
	}
	waitHook struct {
		//lint:ignore U1000 the patched sync sets it
		on    bool
		lock  func(held, try func() bool) bool
		woken func()
	}
)

//go:linkname golang runtime.bpfsimGo2
var golang goHook

//go:linkname mutexes internal/sync.bpfsimLock2
var mutexes lockHook

//go:linkname waits sync.bpfsimWait2
var waits waitHook

// whoami is the number of the calling goroutine and of its bubble, 0 outside of any.
func whoami() (id, bubble uint64) {
	if golang.on {
		return golang.self()
	}
	return readHeader()
}

// keep has goroutines of this bubble alone run for longer than others.
func keep(bubble uint64) { golang.keeps = bubble }

// take has the session asked about goroutines, mutexes and the end of the process.
func (s *Session) take() {
	if golang.on {
		golang.start, golang.exit, mutexes.lock = s.start, s.exit, s.lock
		waits.lock, waits.woken = s.lock, s.woken
	}
}

func (s *Session) giveBack() {
	if golang.on {
		golang.start, golang.exit, mutexes.lock = nil, nil, nil
		waits.lock, waits.woken = nil, nil
		golang.calm(0)
		golang.story = nil
	}
}

// calm begins what Go leaves to chance anew, the same behind the same number of steps.
func calm(steps int) {
	if golang.on {
		golang.calm(uint64(steps) + 1)
	}
}

// Leave has text printed if the process dies.
func (*Session) Leave(text string) {
	if golang.on {
		golang.story = []byte(text)
	}
}

// start is what a new goroutine of a bubble runs in the place of f: its start is a step, and its panic ends the run instead of the process. It is called
// on the goroutine that starts it, or, of timers, on a thread's own stack, where the race detector knows of nothing that was before.
//
//go:norace
func (s *Session) start(f func()) func() {
	r := s.current.Load()
	if code := reflect.ValueOf(f).Pointer(); r == nil || r.over.Load() || code == s.plain {
		return f
	}
	from := ""
	if r.options.Tell {
		from = Place()
	}
	return func() { s.begin(r, f, from) }
}

// begin is a goroutine that a body has started, from a line.
func (s *Session) begin(r *Run, f func(), from string) {
	if _, bubble := whoami(); bubble == r.bubble {
		defer r.catch()
		r.start(f, from)
	}
	f()
}

// exit ends the run in the place of the process, if a goroutine of its calls os.Exit.
func (s *Session) exit(code int) {
	r := s.current.Load()
	if r == nil {
		return
	}
	if id, bubble := whoami(); bubble == r.bubble {
		r.fail(&ExitError{Name: r.nameOf(id), Code: code, Place: Place()})
		runtime.Goexit()
	}
}

// run is the run whose goroutine calls, nil where there is none.
func (s *Session) run() *Run {
	if r := s.current.Load(); r != nil {
		if _, bubble := whoami(); bubble == r.bubble {
			return r
		}
	}
	return nil
}

// lock waits for a mutex that is held: to get it is a step.
func (s *Session) lock(held, try func() bool) bool {
	r := s.run()
	if r == nil {
		return false
	}
	for !try() {
		if !r.await(Lock, func() bool { return !held() }, forever) {
			return false // to the runtime: who is in the middle of a wait must not end here, without what its deferred calls give back
		}
	}
	return true
}

// woken is the step of a goroutine to go on behind a wait that has ended: others may come before it. It does not end there either.
func (s *Session) woken() {
	if r := s.run(); r != nil {
		r.await(Woken, nil, forever)
	}
}
