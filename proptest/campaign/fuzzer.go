package campaign

import (
	"context"
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// FuzzOptions are a fuzzer's settings.
type FuzzOptions struct {
	// Seed determines what is drawn: program and scenario number i depend on it and i alone.
	Seed uint64
	// Jobs is the number of workers; 0 means 1. With one worker, what is run and found is the same each time.
	Jobs int
	// Linux, unless nil, is compared too: by the first worker.
	Linux *kernel.Linux
	// Series is the one that Linux is; 0 is the latest.
	Series abi.Release
	// Without names what Linux lacks.
	Without []program.Feature
	// Units ends the campaign after so many programs and as many scenarios; 0: no end.
	Units int

	kernel   func() kernel.Kernel                                   // makes what is tested; nil: bpfsim
	promises func(s explore.Scenario, contract string) bool         // nil: docs/guarantees.md
	play     func(s explore.Script) (linux *explore.Run, err error) // nil: on the running kernel
}

// FuzzReport is what a fuzzer did and found.
type FuzzReport struct {
	// Report counts the programs.
	Report
	// Scenarios were run under Schedules; Played schedules of whole calls were repeated on Linux.
	Scenarios, Schedules, Played int
	Findings                     []Finding
}

// Fuzzer runs random programs, and random scenarios under random schedules, on bpfsim: programs are judged by the model
// and, with Linux, compared with it; scenarios are judged by the contracts that docs/guarantees.md promises.
type Fuzzer struct {
	options FuzzOptions
	mu      sync.Mutex
	report  FuzzReport
}

// NewFuzzer prepares a campaign.
func NewFuzzer(o FuzzOptions) *Fuzzer {
	o.Jobs = max(o.Jobs, 1)
	if o.kernel == nil {
		o.kernel = func() kernel.Kernel { return kernel.NewSim() }
	}
	if o.promises == nil {
		o.promises = explore.Scenario.Promises
	}
	if o.play == nil {
		o.play = playOnLinux
	}
	return &Fuzzer{options: o}
}

func playOnLinux(script explore.Script) (linux *explore.Run, err error) {
	if opened := kernel.OnLinux(nil, func(stage explore.Stage) { linux, err = script.Play(stage) }); opened != nil {
		return nil, opened
	}
	return linux, err
}

// Run goes on until ctx is done, something is found, or all units are done. The error says why something could not run.
func (f *Fuzzer) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	for job := range f.options.Jobs {
		workers.Go(func() {
			if err := f.work(ctx, job); err != nil || f.found() {
				stop(err)
			}
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil && err != ctx.Err() {
		return err
	}
	return nil
}

// work runs every Jobs'th unit, a program and a scenario, from number job on.
func (f *Fuzzer) work(ctx context.Context, job int) error {
	w := f.worker(job)
	for i := job; ctx.Err() == nil && (f.options.Units == 0 || i < f.options.Units); i += f.options.Jobs {
		if err := w.program(i); err != nil {
			return fmt.Errorf("program %d of seed %d: %w", i, f.options.Seed, err)
		}
		if err := w.scenario(i); err != nil {
			return fmt.Errorf("scenario %d of seed %d: %w", i, f.options.Seed, err)
		}
		if f.found() {
			return nil
		}
	}
	return nil
}

// found reports whether there is something to stop for.
func (f *Fuzzer) found() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.report.Findings) > 0
}

// count changes the report.
func (f *Fuzzer) count(change func(*FuzzReport)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.report)
}

// Progress is how far the campaign has come. It may be called while Run runs.
func (f *Fuzzer) Progress() Progress {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &f.report
	return Progress{r.Programs, r.Ops, r.Scenarios, r.Schedules, len(r.Seen), len(r.Findings)}
}

// Report is what the campaign did and found, once Run has returned.
func (f *Fuzzer) Report() *FuzzReport { return &f.report }

// Progress is a campaign in numbers.
type Progress struct {
	Programs, Ops, Scenarios, Schedules int
	// Answers is the number of different (type, command, errno) triples met.
	Answers  int
	Findings int
}
