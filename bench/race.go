package bench

import (
	"runtime"
	"slices"
	"time"
)

// runner is one side of a comparison: run does so many operations.
type runner struct {
	name string
	run  func(n int)
	// reset, unless nil, is called before each turn, out of the measurement: what run(batch) uses up comes back.
	reset func()
	// batch, unless 0, is the number of operations in a turn.
	batch int
}

// times are a race's results: ns an operation, by runner and turn.
type times [][]float64

// race lets the runners take turns, each as long as turn, so many times.
func race(turns int, turn time.Duration, runners ...runner) times {
	runtime.LockOSThread() // now is the thread's clock
	defer runtime.UnlockOSThread()
	sizes := make([]int, len(runners))
	for i := range runners {
		sizes[i] = runners[i].calibrate(turn)
	}
	all := make(times, len(runners))
	runtime.GC() // what setting up left behind must not be collected in somebody's turn
	for n := range turns {
		for k := range runners {
			i := (n + k) % len(runners) // nobody always follows the same rival
			all[i] = append(all[i], runners[i].time(sizes[i]))
		}
	}
	return all
}

// calibrate finds how many operations take as long as turn, which also warms up.
func (r *runner) calibrate(turn time.Duration) int {
	if r.batch > 0 {
		r.time(r.batch)
		return r.batch
	}
	n := 1
	for {
		spent := r.time(n) * float64(n)
		if spent >= float64(turn)/4 {
			return max(int(float64(n)*float64(turn)/spent), 1)
		}
		n *= 2
	}
}

// time is ns an operation of one turn.
func (r *runner) time(n int) float64 {
	if r.reset != nil {
		r.reset()
	}
	if r.reset == nil {
		r.run(n) // into the caches, where the rivals' data is now
	}
	start := now()
	r.run(n)
	return float64(now()-start) / float64(n)
}

// ns is the median of a runner's turns.
func (t times) ns(i int) float64 { return median(t[i]) }

// lead is how many times faster runner i was than a rival: the median of the turns' ratios.
func (t times) lead(i, rival int) float64 {
	ratios := make([]float64, len(t[i]))
	for n := range ratios {
		ratios[n] = t[rival][n] / t[i][n]
	}
	return median(ratios)
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
