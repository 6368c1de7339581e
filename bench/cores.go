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
	stock func(*stock, int)
}{
	{"lookups", 1.8, (*inner).hit, (*stock).hit},
	{"nine lookups to one update", 1.6, (*inner).mixed, (*stock).mixed},
	{"updates", 1.4, (*inner).set, (*stock).set},
}

// coresRows measures two goroutines on two cores against one.
func coresRows(s *session) {
	what := shape{entries, 4, 8}
	hash := newInner(newHash(what), what)
	kernel := newEmulated()
	m := newStock(kernel, what)
	threads := []*inner{hash.beside(0), hash.beside(1)}
	processes := []*stock{m.beside(kernel.beside(0)), m.beside(kernel.beside(1))}
	for _, load := range loads {
		s.scaled(load.what+" through maps", load.floor, func(i, n int) { load.inner(threads[i], n) })
		s.scaled(load.what+" through bpfsys", load.floor, func(i, n int) { load.stock(processes[i], n) })
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
func elapsed(threads, n int, run func(thread, n int)) float64 {
	for range maxRepeats {
		if spent, alone := crew(threads, func(i int) { run(i, n) }); alone {
			return float64(spent) / float64(n)
		}
	}
	spent, _ := crew(threads, func(i int) { run(i, n) })
	return float64(spent) / float64(n)
}

// maxRepeats bounds the turns that are repeated: on a machine that is never quiet, a figure that suffers is better than
// none.
const maxRepeats = 20

// crew runs threads at once, each on a CPU, and returns the time from when all were there until the last was done.
// alone is true when every thread had its CPU for nearly all of it.
func crew(threads int, run func(thread int)) (spent time.Duration, alone bool) {
	g := gate{missing: threads}
	ends, shares := make([]time.Duration, threads), make([]float64, threads)
	var group sync.WaitGroup
	for i := range threads {
		group.Go(func() {
			runtime.LockOSThread() // now is the thread's clock
			defer runtime.UnlockOSThread()
			g.pass()
			from, cpu := time.Now(), now()
			run(i)
			ends[i], shares[i] = time.Since(g.opened), float64(now()-cpu)/float64(time.Since(from))
		})
	}
	group.Wait()
	return slices.Max(ends), slices.Min(shares) > 0.97
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
