package bench

import (
	"sync"
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

// elapsed is the time that passes, in ns an operation, while so many goroutines do n operations each.
func elapsed(threads, n int, run func(thread, n int)) float64 {
	start := time.Now()
	var group sync.WaitGroup
	for i := range threads {
		group.Go(func() { run(i, n) })
	}
	group.Wait()
	return float64(time.Since(start)) / float64(n)
}
