package campaign

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/generator"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/sim"
)

// fuzzWorker runs one thing after another, on kernels of its own.
type fuzzWorker struct {
	*Fuzzer
	comparison *comparison
	linux      bool
}

func (f *Fuzzer) worker(job int) *fuzzWorker {
	w := &fuzzWorker{Fuzzer: f, linux: job == 0 && f.options.Linux != nil}
	kernels := []kernel.Kernel{f.options.kernel()}
	if w.linux {
		kernels = []kernel.Kernel{f.options.Linux, kernels[0]}
	}
	w.comparison = newComparison(kernels)
	return w
}

// scenarioStream keeps the draws of scenarios apart from those of programs.
const scenarioStream = 1 << 63

// cpuCounts are the machines that programs are drawn for where there is no real one.
var cpuCounts = []int{2, 1, 4, 3, 8}

// program draws and runs program number i.
func (w *fuzzWorker) program(i int) error {
	o := Options{Seed: w.options.Seed, CPUs: cpuCounts[i%len(cpuCounts)]}
	if w.linux {
		o.CPUs, o.Series, o.Without = kernel.PossibleCPUs(), w.options.Series, w.options.Without
	}
	t := w.comparison.try(o, i, new(result))
	if t.err != nil {
		return t.err
	}
	w.count(func(all *FuzzReport) { all.add(t) })
	if t.mismatch != nil {
		w.find(programFinding(w.options.Seed, i, t.mismatch))
	}
	return nil
}

// schedulesEach is the number of schedules of each kind that a scenario is run under.
const schedulesEach = 8

// scenario draws scenario number i and runs it under drawn schedules.
func (w *fuzzWorker) scenario(i int) error {
	d := generator.NewSeeded(w.options.Seed, scenarioStream+uint64(i))
	s := generator.Scenario(d)
	if w.linux {
		w.moveHere(&s)
	}
	var broken, last *explore.Run
	n, err := explore.Visit(s, sampled(d.Uint64(), schedulesEach), func(r *explore.Run) bool {
		last = r
		if w.broken(r) != nil {
			broken = r
		}
		return broken == nil
	})
	w.count(func(all *FuzzReport) { all.Scenarios++; all.Schedules += n })
	switch {
	case err != nil && traced(err):
		w.find(stopped(w.options.Seed, i, s, err))
	case err != nil:
		return err
	case broken != nil:
		w.find(shrunkBreach(w.options.Seed, i, broken, w.broken(broken)))
	default:
		return w.again(i, last)
	}
	return nil
}

// traced reports whether err is a machine's own, which tells the schedule.
func traced(err error) bool {
	_, ok := sim.TraceOf(err)
	return ok
}

func (w *fuzzWorker) find(f Finding) {
	w.count(func(all *FuzzReport) { all.Findings = append(all.Findings, f) })
}

// broken is the first promised contract that the run broke.
func (w *fuzzWorker) broken(r *explore.Run) *explore.BreachError {
	for _, breach := range r.Breaches() {
		if w.options.promises(r.Scenario, breach.Contract) {
			return breach
		}
	}
	return nil
}

// again repeats a run, which must be the same each time, and on Linux if it can be had there.
func (w *fuzzWorker) again(i int, run *explore.Run) error {
	same, err := explore.Replay(run.Scenario, run.Trace.String())
	c := explore.Counterexample{Scenario: run.Scenario, Schedule: run.Trace.String()}
	if err != nil || !run.Agrees(same) {
		w.find(scenarioFinding(w.options.Seed, i, fmt.Sprintf("the same schedule gives another run (%v)", err), c))
		return nil
	}
	if !w.linux || !w.playable(run.Scenario) {
		return nil
	}
	script, err := run.Whole()
	if errors.Is(err, explore.ErrSubCall) {
		return nil
	}
	if err != nil {
		return err
	}
	linux, err := w.options.play(script)
	if err != nil {
		return err
	}
	w.count(func(all *FuzzReport) { all.Played++ })
	if !run.Agrees(linux) {
		w.find(scenarioFinding(w.options.Seed, i, fmt.Sprintf("Linux gives another run:\n%v\nbpfsim's:\n%v", linux.Done, run.Done), c))
	}
	return nil
}

// moveHere moves the tasks to CPUs that the running kernel has, the first one to the last CPU, because an LRU map spreads
// over all of them.
func (w *fuzzWorker) moveHere(s *explore.Scenario) {
	cpus := w.options.Linux.CPUs()
	cpus = cpus[:min(len(cpus), maxScenarioCPUs)]
	for i := range s.Tasks {
		if s.Tasks[i].CPU = cpus[s.Tasks[i].CPU%len(cpus)]; i == 0 {
			s.Tasks[i].CPU = cpus[len(cpus)-1]
		}
		s.Tasks[i].CPU = min(s.Tasks[i].CPU, maxScenarioCPUs-1)
	}
	s.FitCPUs()
}

// maxScenarioCPUs is how many CPUs a scenario may have.
const maxScenarioCPUs = 8

// playable reports whether the running kernel can be asked: its CPUs are the scenario's, and there are no programs.
func (w *fuzzWorker) playable(s explore.Scenario) bool {
	usable := func(cpu int) bool { return slices.Contains(w.options.Linux.CPUs(), cpu) }
	for _, t := range s.Tasks {
		if t.Program || !usable(t.CPU) {
			return false
		}
	}
	return usable(s.Walk.CPU) && (!s.Map.ByCPU() || s.CPUs() == kernel.PossibleCPUs())
}
