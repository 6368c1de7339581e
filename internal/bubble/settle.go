package bubble

import "runtime"

// glances is how often the queue of goroutines is looked at, where others of the process are busy too, before their states are.
const glances = 200

// outsiders is how many ticks a mutex may be held by a goroutine that is not of the bubble, such as that of the runtime's which runs cleanups.
const outsiders = 5

// wantsLock tells that somebody waits for a mutex that is held.
func (r *Run) wantsLock() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.known {
		if g.pending && g.kind == Lock && !g.can() {
			return true
		}
	}
	return false
}

// lockGiven waits for so many rests, if somebody wants a mutex that is held, and tells whether one was given back meanwhile: a goroutine that comes back
// from a system call is for an instant neither there nor in the queue.
func (r *Run) lockGiven(rests int) bool {
	for range rests {
		if !r.wantsLock() {
			return false
		}
		<-r.session.rests
		if r.takesLock() {
			return true
		}
	}
	return false
}

// takesLock tells that somebody can take the mutex that it waits for.
func (r *Run) takesLock() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.known {
		if g.pending && g.kind == Lock && g.can() {
			return true
		}
	}
	return false
}

// settle waits until all other goroutines of the bubble wait, for a step of theirs or for each other. synctest.Wait would not return while one
// waits for a mutex that another holds across a step: that wait is not "durable". It reports false when Patience ends first.
func (r *Run) settle() bool {
	deadline, begun := r.deadline(), r.session.ticks.Load()
	away := false // somebody was in a system call: between its end and the queue a goroutine is counted nowhere
	for glance := 1; ; glance++ {
		runtime.Gosched()
		now := read()
		r.session.away = min(r.session.away, now.away) // one may have been about to come back when the session began
		away = away || now.away > r.session.away
		idle := now.runnable == 0 && now.away <= r.session.away
		if idle && !away && !r.options.Exact {
			return true
		}
		ticks := r.session.ticks.Load()
		if idle || glance%glances == 0 || ticks > begun {
			if r.quiet() && (idle || ticks > begun+outsiders || !r.wantsLock()) {
				return true
			}
			<-r.session.rests
		}
		if ticks > deadline {
			return false
		}
	}
}

// deadline is when Patience ends, in the session's ticks.
func (r *Run) deadline() uint64 { return r.session.ticks.Load() + uint64(r.options.Patience/tick) + 1 }

// quiet looks at the states of all goroutines of the bubble.
func (r *Run) quiet() bool {
	for _, w := range r.waits() {
		if !w.durable() && !w.mutex() {
			r.mu.Lock()
			r.out.Outside = r.out.Outside || w.State != "running" && w.State != "runnable"
			r.mu.Unlock()
			return false
		}
	}
	return true
}

// waits are the goroutines of the bubble that are not synctest's.
func (r *Run) waits() (all []Wait) {
	for _, s := range stacks(r.bubble) {
		if !s.own() {
			all = append(all, r.waitOf(s))
		}
	}
	return all
}

func (r *Run) waitOf(s stack) Wait {
	w := Wait{Name: r.nameOf(s.id), State: s.state, Place: s.place()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.known[s.id]; g != nil && g.pending && g.ready != nil {
		w.Want = g.kind
	}
	return w
}
