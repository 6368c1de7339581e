//go:build steps

package maps

// Guard is a guard by itself.
type Guard struct{ guard }

func NewGuard(stripes uint32, cpus int) *Guard { return &Guard{makeGuard(stripes, cpus)} }

// Read, Write and All do something inside of a stripe as the methods of a table do.
func (g *Guard) Read(t *Task, n uint32, do func()) {
	in := g.read(t, n)
	do()
	g.leave(t, in)
}

func (g *Guard) Write(n uint32, do func()) {
	st := g.write(n)
	do()
	st.lock.Unlock()
}

func (g *Guard) All(t *Task, keepOut bool, do func()) {
	g.lockAll(t, keepOut)
	do()
	g.unlockAll()
}

// Announced reports whether a reader is announced anywhere.
func (g *Guard) Announced() bool {
	for i := range g.hazards {
		if g.hazards[i].state.is.Load()&hazardSet != 0 {
			return true
		}
	}
	return false
}

// Inside is a step inside of a stripe.
func Inside() { inside() }
