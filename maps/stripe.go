package maps

// maxStripes bounds the locks of a map. Linux has one a bucket; here the pages of buckets whose numbers are equal modulo
// the number of stripes share one, so maps of up to 64 buckets have exactly Linux's locks.
const maxStripes = 64

// maxHazards bounds the places from which goroutines read at once without sharing a cache line.
const maxHazards = 8

// stripe is a share of the pages: their lock, and what guards it. It fills a cache line, and holds no pointer, or the
// Go runtime would put something in front of the stripes and each on two lines.
type stripe struct {
	lock Lock
	// closed sends readers to the lock. It stays set behind a writer, since looking after all hazards costs more than
	// some readers lose, until reopenAfter of them came and no other writer.
	closed  sharedFlag
	readers uint8 // that came to the lock since
	_       [44]byte
}

// hazard is where a CPU's reader announces the stripe it reads, as with hazard pointers: counted from 1, in the lower half of
// state; 0 is none. Reading so writes to no memory that readers on other CPUs use, as Linux's readers under RCU do. The
// upper half is where the CPU's last walk is, which costs nothing to note together.
type hazard struct {
	state sharedWord
	_     [56]byte // to the end of the cache line
}

const hazardSet = 1<<32 - 1

// walker is where the last walk on t's CPU is.
func (g *guard) walker(t *Task) cursor { return cursor(g.hazard(t).state.Load() >> 32) }

func (g *guard) hazard(t *Task) *hazard { return &g.hazards[t.CPU&(len(g.hazards)-1)] }

// guard lets many readers of a stripe in or one writer.
type guard struct {
	stripes []stripe
	hazards []hazard
}

// makeGuard makes the stripes of so many buckets, a power of two.
func makeGuard(buckets uint32, cpus int) guard {
	hazards := 1
	for hazards < min(cpus, maxHazards) {
		hazards *= 2
	}
	g := guard{stripes: make([]stripe, min(buckets, maxStripes)), hazards: make([]hazard, hazards)}
	for n := range g.stripes {
		g.stripes[n].lock.name = uint32(n + 1)
	}
	return g
}

// number is the stripe of bucket b.
func (x *table) number(b uint32) uint32 { return x.pageNumber(b) & uint32(len(x.stripes)-1) }

// lock locks bucket b as writers do. It asks once whether a machine watches, since Lock would ask again.
func (x *table) lock(t *Task, b uint32) *stripe {
	n := x.number(b)
	if t.Scheduler != nil {
		st := &x.stripes[n]
		st.lock.Lock(t)
		// Who looks at pages between t's steps, such as NextBucket, must not wait for t, which goes on only behind him.
		st.closed.Store(false)
		x.settleFor(t)
		return st
	}
	return x.write(n)
}

// write locks stripe n for a real goroutine.
func (g *guard) write(n uint32) *stripe {
	st := &g.stripes[n]
	st.lock.mu.Lock()
	if st.readers = 0; !st.closed.Load() {
		g.keepOut(n)
	}
	return st
}

// unlock ends what lock began.
func (x *table) unlock(st *stripe) { st.lock.Unlock() }

// keepOut sends readers of stripe n, which the caller has locked, to the lock, and waits for those that are inside.
func (g *guard) keepOut(n uint32) {
	g.stripes[n].closed.Store(true)
	for i := range g.hazards {
		for spins := 0; g.hazards[i].state.Load()&hazardSet == uint64(n+1); spins++ { // for a lookup's length
			if spins >= patience {
				giveWay()
			}
		}
	}
}

// pass is a reader's leave to look at a stripe. hazard is nil where the reader needs none or holds the lock instead.
// Where a walk is when the reader leaves is noted in cursor.
type pass struct {
	*stripe
	hazard *hazard
	cursor
}

// enter begins a read of bucket b. Linux's readers take no lock, and under a Scheduler neither do these: other tasks
// may run between finding an element and copying each word of it, and may even reuse it for another key. Real
// goroutines keep writers out instead, which Go's memory model asks for.
func (x *table) enter(t *Task, b uint32) pass {
	n := x.number(b)
	if t.Scheduler != nil {
		t.Scheduler.Step(t, PointFind)
		t.Touch(read(Chains, uint64(b)))
		x.settleFor(t)
		return pass{stripe: &x.stripes[n]}
	}
	return x.read(t, n)
}

// read is the pass for stripe n of a real goroutine.
func (g *guard) read(t *Task, n uint32) pass {
	st := &g.stripes[n]
	hazard := g.hazard(t)
	state := hazard.state.Load()
	if !st.closed.Load() && state&hazardSet == 0 && hazard.state.CompareAndSwap(state, state|uint64(n+1)) {
		if !st.closed.Load() {
			return pass{st, hazard, cursor(state >> 32)}
		}
		hazard.state.Store(state)
	}
	st.lock.Lock(t)
	if st.readers++; st.readers == reopenAfter {
		st.closed.Store(false)
	}
	return pass{stripe: st}
}

// leave ends what enter began.
func (g *guard) leave(t *Task, p pass) {
	switch {
	case p.hazard != nil:
		p.hazard.state.Store(uint64(p.cursor) << 32)
	case t.Scheduler == nil:
		p.lock.Unlock()
	}
}

// lockAll locks every bucket of a map that no Scheduler watches; readers stay inside unless they are kept out.
func (g *guard) lockAll(t *Task, keepOut bool) {
	for n := range g.stripes {
		g.stripes[n].lock.Lock(t)
		if keepOut {
			g.keepOut(uint32(n))
		}
	}
}

// unlockAll ends what lockAll began.
func (g *guard) unlockAll() {
	for n := range g.stripes {
		g.stripes[n].lock.Unlock()
	}
}
