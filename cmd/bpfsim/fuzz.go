package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/spf13/cobra"
)

// fuzzFlags are the flags of `bpfsim fuzz`.
type fuzzFlags struct {
	seed   uint64
	jobs   int
	length time.Duration
	count  int
	kernel bool
	dir    string

	every time.Duration // between two lines of progress where there is no terminal
}

const fuzzLong = `Run random programs of bpf(2) calls, each judged by the specification, and random scenarios of walks under random
schedules, each judged by the contracts that docs/guarantees.md promises, until stopped.

With --kernel, which takes root, one worker compares with the running kernel as well. What is found is shrunk and written
to a file: a scenario for bpfsim explore, or a program for proptest/campaign/testdata. The exit status is 1 then, 0 when nothing
was found before the time was up or Ctrl-C came, 2 when something could not run. A seed and a --count give the same each
time, to the byte on standard output, when nothing is found; when something is, with --jobs 1.`

func newFuzz() *cobra.Command {
	f := fuzzFlags{every: 10 * time.Second}
	cmd := &cobra.Command{
		Use: "fuzz [flags]", Short: "Look for what is wrong, at random, for as long as you like", Long: fuzzLong,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			collectSeldom()
			found, err := f.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
			if err == nil && found {
				return &exitError{code: exitFound}
			}
			return trouble(err)
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&f.seed, "seed", 0, "what everything is drawn from (0: from the clock)")
	flags.IntVar(&f.jobs, "jobs", runtime.NumCPU(), "number of parallel workers")
	flags.DurationVar(&f.length, "for", 0, "end after this time (0: go on until stopped)")
	flags.IntVar(&f.count, "count", 0, "end after so many programs and as many scenarios (0: go on until stopped)")
	flags.BoolVar(&f.kernel, "kernel", false, "compare with the running kernel too (root)")
	flags.StringVar(&f.dir, "out", ".", "directory for files of what is found, made where it is missing")
	return cmd
}

// exitFound is the exit status when something was found.
const exitFound = 1

// interruptible ends ctx at the first interrupt; at the second one the process ends at once.
func interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range signals {
			if ctx.Err() != nil {
				os.Exit(128 + int(syscall.SIGINT))
			}
			cancel()
		}
	}()
	return ctx, func() { signal.Stop(signals); close(signals); cancel() }
}

// run reports whether something was found. Results go to out, how far it has come to progress.
func (f fuzzFlags) run(ctx context.Context, out, progress io.Writer) (found bool, err error) {
	if err := f.check(); err != nil {
		return false, err
	}
	if f.seed == 0 {
		f.seed = uint64(time.Now().UnixNano())
	}
	o := campaign.FuzzOptions{Seed: f.seed, Jobs: f.jobs, Units: f.count}
	against := "the model"
	if f.kernel {
		if o.Linux, err = kernel.NewLinux(); err != nil {
			return false, fmt.Errorf("--kernel (needs root): %w", err)
		}
		defer o.Linux.Close()
		release := strings.TrimPrefix(o.Linux.Name(), "Linux ")
		o.Series = seriesOf(release)
		o.Without = program.NotCompared(o.Series)
		against += fmt.Sprintf(" and Linux %s with %d possible CPUs", release, kernel.PossibleCPUs())
	}
	fmt.Fprintf(out, "seed %d, %d jobs, bpfsim against %s\n", f.seed, f.jobs, against)
	return f.campaign(ctx, out, progress, campaign.NewFuzzer(o))
}

func (f fuzzFlags) check() error {
	switch {
	case f.jobs < 1:
		return fmt.Errorf("--jobs %d: want 1 or more", f.jobs)
	case f.length < 0:
		return fmt.Errorf("--for %v: want 0 or more", f.length)
	case f.count < 0:
		return fmt.Errorf("--count %d: want 0 or more", f.count)
	}
	if err := writable(f.dir); err != nil {
		return fmt.Errorf("--out %s: want a directory that files can be written to: %w", f.dir, err)
	}
	return nil
}

// writable makes a directory, unless there is one, and tries to write to it: hours later it would be too late.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".bpfsim-")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// campaign runs the fuzzer to its end and tells what came of it.
func (f fuzzFlags) campaign(ctx context.Context, out, progress io.Writer, fuzzer *campaign.Fuzzer) (found bool, err error) {
	timed, cancel := ctx, func() {}
	if f.length > 0 {
		timed, cancel = context.WithTimeout(ctx, f.length)
	}
	defer cancel()
	watch := f.watch(progress, fuzzer)
	err = fuzzer.Run(timed)
	watch.end()
	report := fuzzer.Report()
	fmt.Fprintf(progress, "after %v\n", watch.elapsed().Round(time.Millisecond))
	fmt.Fprintf(out, "%s\n%s", ending(ctx, report), summary(report))
	if err != nil {
		return false, fmt.Errorf("fuzz: %w", err)
	}
	return len(report.Findings) > 0, f.save(out, report.Findings)
}

// ending says why the campaign is over.
func ending(ctx context.Context, r *campaign.FuzzReport) string {
	switch {
	case len(r.Findings) > 0:
		return "found something"
	case ctx.Err() != nil:
		return "interrupted"
	}
	return "ended"
}

func summary(r *campaign.FuzzReport) string {
	return fmt.Sprintf("%d programs, %d operations, %d evictions; %d scenarios, %d schedules, %d of them played on Linux\n"+
		"%d different (type, command, errno) triples, %d found\n%s",
		r.Programs, r.Ops, r.Evictions, r.Scenarios, r.Schedules, r.Played, len(r.Seen), len(r.Findings), r.Table())
}

// save writes what was found, and says how to see it again.
func (f fuzzFlags) save(out io.Writer, findings []campaign.Finding) error {
	var errs []error
	for _, finding := range findings {
		path, err := finding.Save(f.dir)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(out, "\n%s\n\n%s\nwritten to %s\n", finding.What, finding.Text, path)
		if c, err := explore.ParseCounterexample(finding.Text); err == nil {
			fmt.Fprintf(out, "replay: bpfsim explore %s --replay %s\n", shellWord(path), shellWord(c.Schedule))
		} else {
			fmt.Fprintf(out, "keep it: cp %s proptest/campaign/testdata/ && go test ./proptest/campaign -run TestSaved\n", shellWord(path))
		}
	}
	return errors.Join(errs...)
}
