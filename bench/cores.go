package bench

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// loads are what several goroutines do at once, and how much two must do more than one.
var loads = []struct {
	what  string
	floor float64
	inner func(*inner, int)
	calls func(*hashMap, int)
}{
	{"lookups", 1.8, (*inner).hit, (*hashMap).hit},
	{"nine lookups to one update", 1.6, (*inner).mixed, (*hashMap).mixed},
	{"updates", 1.4, (*inner).set, (*hashMap).set},
}

// coresRows measures two goroutines on two cores against one.
func coresRows(s *session) {
	what := shape{entries, 4, 8}
	hash := newInner(newHash(what), what)
	kernel := newEmulated()
	m := newHashMap(kernel, what)
	threads := []*inner{hash.beside(0), hash.beside(1)}
	processes := []*hashMap{m.beside(kernel.beside(0)), m.beside(kernel.beside(1))}
	for _, load := range loads {
		s.scaled(load.what+" through maps", load.floor, func(i, n int) { load.inner(threads[i], n) })
		s.scaled(load.what+" through bpfsys", load.floor, func(i, n int) { load.calls(processes[i], n) })
	}
}

// scaled compares run on one goroutine with run on two.
func (s *session) scaled(what string, floor float64, run func(thread, n int)) {
	const n = entries
	var one, two, gains []float64
	for range s.turns {
		one = append(one, elapsed(1, n, run))
		two = append(two, elapsed(2, n, run)/2)
		gains = append(gains, one[len(one)-1]/two[len(two)-1])
	}
	s.add(Row{
		What: "two goroutines, " + what, Unit: "ns", Ours: median(two), Rival: "one goroutine", Theirs: median(one),
		Ratio: median(gains), Floor: floor,
	})
}

// elapsed is the time that passes, in ns an operation, while so many goroutines do n operations each, all at once. A
// turn in which some other program took a CPU from one of them is no comparison, and repeated.
func elapsed(goroutines, n int, run func(goroutine, n int)) float64 {
	var best, share float64
	for try := 0; try < maxTries && share < alone; try++ {
		spent, had := crew(goroutines, func(i int) { run(i, n) })
		if had > share {
			best, share = float64(spent), had
		}
	}
	return best / float64(n)
}

const (
	// alone is the share of a turn that each goroutine must have had a CPU.
	alone = 0.97
	// maxTries bounds the turns that are repeated: on a machine that is never quiet, a figure that suffers is better than
	// none.
	maxTries = 20
)

// crew runs goroutines at once, each on a thread of its own, and returns the time from when all were there until the
// last was done, and the least share of it that a thread had a CPU. Without threads of their own they may run one after
// the other.
func crew(members int, run func(member int)) (spent time.Duration, share float64) {
	g := gate{missing: members}
	ends, shares := make([]time.Duration, members), make([]float64, members)
	var group sync.WaitGroup
	for i := range members {
		group.Go(func() {
			runtime.LockOSThread() // now is the thread's clock
			defer runtime.UnlockOSThread()
			g.pass()
			from := now()
			run(i)
			ends[i] = time.Since(g.opened)
			shares[i] = float64(now()-from) / float64(ends[i])
		})
	}
	group.Wait()
	return slices.Max(ends), slices.Min(shares)
}

// gate opens when nobody is missing any more.
type gate struct {
	mu      sync.Mutex
	missing int
	open    atomic.Bool
	opened  time.Time
}

// pass waits on its CPU: waking up takes longer than some of what is measured.
func (g *gate) pass() {
	g.mu.Lock()
	if g.missing--; g.missing == 0 {
		g.opened = time.Now()
		g.open.Store(true)
	}
	g.mu.Unlock()
	for !g.open.Load() {
	}
}
