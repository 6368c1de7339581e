package bench

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/sim"
)

// machineRows measures the machine that interleaves tasks.
func machineRows(s *session) {
	steps := s.race(runner{run: func(n int) { runMachine(&sim.First{}, n/2+1) }})
	s.reached(Row{What: "steps of a machine a second", Unit: "/s", Ours: 1e9 / steps.ns(0), Theirs: 5e6})
	schedules := s.race(runner{run: func(n int) {
		for random := sim.NewRandom(1, n); random.Next(); {
			runMachine(random, 5)
		}
	}})
	s.reached(Row{What: "schedules of 10 steps a second", Unit: "/s", Ours: 1e9 / schedules.ns(0), Theirs: 1e5})
}

// runMachine runs two tasks of so many steps.
func runMachine(c sim.Chooser, steps int) {
	m := sim.NewMachine(sim.Options{Steps: 2*steps + 1})
	for i := range 2 {
		m.Spawn(fmt.Sprintf("t%d", i), 0, func(t *sim.Task) {
			for range steps {
				t.Step(maps.PointWord)
			}
		})
	}
	if _, err := m.Run(c); err != nil {
		panic(err) // nothing in it can fail
	}
}

// programRows measures how fast random programs run, with and without the real kernel: the same programs, drawn, run and
// judged each time. Without it a campaign uses all CPUs; with it one thread, where the kernel's user memory lies.
func programRows(s *session) {
	line := Row{What: "random programs, without the kernel", Unit: "us", Rival: "with the kernel", Floor: 20}
	if s.linux == nil {
		line.Skipped = needsKernel
		s.add(line)
		return
	}
	s.linux.Reset()
	linux, err := kernel.NewLinux()
	if err != nil {
		line.Skipped = err.Error()
		s.add(line)
		return
	}
	defer linux.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(campaign.GCPercent))
	var alone, both, ratios []float64
	for range s.turns {
		a, b := perProgram(kernel.NewSim()), perProgram(linux, kernel.NewSim())
		alone, both, ratios = append(alone, a), append(both, b), append(ratios, b/a)
	}
	line.Ours, line.Theirs, line.Ratio = median(alone), median(both), median(ratios)
	s.add(line)
}

// perProgram is the time that a random program takes, in us.
func perProgram(kernels ...kernel.Kernel) float64 {
	start := time.Now()
	report, err := campaign.Run(context.Background(), campaign.Options{Seed: 1, Ops: 20_000, Kernels: kernels})
	if err != nil {
		panic(err)
	}
	return float64(time.Since(start).Microseconds()) / float64(report.Programs)
}
