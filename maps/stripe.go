package maps

import (
	"runtime"
	"sync/atomic"
)

// maxStripes bounds the locks of a map. Linux has one a bucket; here buckets that are equal modulo the number of
// stripes share one, so maps of up to 64 buckets have exactly Linux's locks.
const maxStripes = 64

// maxSeats bounds the places from which goroutines read at once without sharing a cache line.
const maxSeats = 8

// stripe is a share of the buckets: their lock and their heads. It fills a cache line.
type stripe struct {
	lock    Lock
	writing atomic.Bool // somebody changes buckets: readers wait for the lock
	// spare is an element that replaces another one without asking the pool, so that replacing works in a full map
	// (Linux has one a CPU, extra_elems). Only HASH uses it.
	spare slot
	heads index
}

// seat is where a CPU's reader notes the stripe it reads, counted from 1; 0 is free. Reading so writes to no memory
// that readers on other CPUs use, as Linux's readers under RCU do.
type seat struct {
	stripe atomic.Uint32
	_      [60]byte // to the end of the cache line
}

// guard lets many readers of a stripe in or one writer.
type guard struct {
	stripes []stripe
	seats   []seat
	bits    int // log2 of the number of stripes
}

// makeGuard makes the stripes of so many buckets, a power of two.
func makeGuard(buckets uint32, cpus int) guard {
	n := min(buckets, maxStripes)
	seats := 1
	for seats < min(cpus, maxSeats) {
		seats *= 2
	}
	g := guard{stripes: make([]stripe, n), seats: make([]seat, seats)}
	for ; n > 1; n /= 2 {
		g.bits++
	}
	return g
}

// number is the stripe of bucket b.
func (g *guard) number(b uint32) uint32 { return b & uint32(len(g.stripes)-1) }

// head is the first element of bucket b, none when it is empty; setHead replaces it.
func (g *guard) head(st *stripe, b uint32) slot       { return st.heads.get(b >> g.bits) }
func (g *guard) setHead(st *stripe, b uint32, s slot) { st.heads.set(b>>g.bits, s) }

// lock locks bucket b as writers do.
func (g *guard) lock(t *Task, b uint32) *stripe {
	n := g.number(b)
	st := &g.stripes[n]
	st.lock.Lock(t)
	if t.Scheduler == nil {
		g.keepOut(n)
	}
	return st
}

// keepOut sends readers of stripe n, which the caller has locked, to the lock, and waits for those that are inside.
func (g *guard) keepOut(n uint32) {
	g.stripes[n].writing.Store(true)
	for i := range g.seats {
		for g.seats[i].stripe.Load() == n+1 { // for a lookup's length
			runtime.Gosched()
		}
	}
}

// unlock ends what lock began.
func (g *guard) unlock(t *Task, st *stripe) {
	if t.Scheduler == nil {
		st.writing.Store(false)
	}
	st.lock.Unlock()
}

// pass is a reader's leave to look at a stripe. seat is nil where the reader needs none or holds the lock instead.
type pass struct {
	*stripe
	seat *seat
}

// enter begins a read of bucket b. Linux's readers take no lock, and under a Scheduler neither do these: other tasks
// may run between finding an element and copying each word of it, and may even reuse it for another key. Real
// goroutines keep writers out instead, which Go's memory model asks for.
func (g *guard) enter(t *Task, b uint32) pass {
	n := g.number(b)
	st := &g.stripes[n]
	if t.Scheduler != nil {
		t.Step(PointFind)
		return pass{stripe: st}
	}
	seat := &g.seats[t.CPU&(len(g.seats)-1)]
	if seat.stripe.CompareAndSwap(0, n+1) {
		if !st.writing.Load() {
			return pass{st, seat}
		}
		seat.stripe.Store(0)
	}
	st.lock.Lock(t)
	return pass{stripe: st}
}

// leave ends what enter began.
func (g *guard) leave(t *Task, p pass) {
	switch {
	case p.seat != nil:
		p.seat.stripe.Store(0)
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
func (g *guard) unlockAll(t *Task, keptOut bool) {
	for n := range g.stripes {
		if keptOut {
			g.unlock(t, &g.stripes[n])
		} else {
			g.stripes[n].lock.Unlock()
		}
	}
}
