package bubble

import "runtime"

// glances is how often the queue of goroutines is looked at, where others of the process are busy too, before their states are.
const glances = 200

// settle waits until all other goroutines of the bubble wait, for a step of theirs or for each other. synctest.Wait would not return while one
// waits for a mutex that another holds across a step: that wait is not "durable". It reports false when Patience ends first.
func (r *Run) settle() bool {
	deadline, begun := r.deadline(), r.session.ticks.Load()
	for glance := 1; ; glance++ {
		runtime.Gosched()
		now := read()
		idle := now.runnable == 0 && now.away <= r.session.away
		if idle && !r.options.Exact {
			return true
		}
		ticks := r.session.ticks.Load()
		if idle || glance%glances == 0 || ticks > begun {
			if r.quiet() {
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
			r.out.Outside = r.out.Outside || w.State != "running" && w.State != "runnable"
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
