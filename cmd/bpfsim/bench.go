package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"

	"github.com/bpfsim/bpfsim/bench"
	"github.com/spf13/cobra"
)

const benchLong = `Measure bpfsim against its rivals on this machine and print how many times faster it is.

With --kernel the real bpf(2) is a rival too, which takes root. The exit status is 1 when a line is below its floor, 2 when
something could not run. Ctrl-C
ends it with the lines that have been measured (exit status 130).`

// benchFlags are what becomes of the figures.
type benchFlags struct {
	json, profile string
	markdown      bool
}

func newBench() *cobra.Command {
	var o bench.Options
	var f benchFlags
	cmd := &cobra.Command{
		Use: "bench [flags]", Short: "Measure bpfsim against the kernel, a Go map and memcpy", Long: benchLong,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Progress = func(group string) { fmt.Fprintln(cmd.ErrOrStderr(), "measuring", group) }
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return trouble(profiled(f.profile, func() error { return runBench(ctx, o, f, cmd.OutOrStdout()) }))
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.Kernel, "kernel", false, "measure the running kernel's bpf(2) too (root)")
	flags.BoolVar(&o.Quick, "quick", false, "measure less, for a shorter time")
	flags.BoolVar(&o.Large, "large", false, "measure up to 10 million elements, which take gigabytes")
	flags.StringSliceVar(&o.Groups, "group", nil, "measure these groups only")
	flags.IntVar(&o.Key, "key", 0, "measure keys of this size only, in `bytes`: 4, 8, 16 or 64")
	flags.IntVar(&o.Value, "value", 0, "measure values of this size only, in `bytes`: 8, 64 or 256")
	flags.BoolVar(&f.markdown, "markdown", false, "print the table as Markdown")
	flags.StringVar(&f.json, "json", "", "write the figures to this file too, as JSON")
	flags.StringVar(&f.profile, "cpuprofile", "", "write a profile of where the time went to this file, for go tool pprof")
	return cmd
}

// profiled runs measure with a CPU profile into file, if there is one.
func profiled(file string, measure func() error) error {
	if file == "" {
		return measure()
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if err = pprof.StartCPUProfile(f); err == nil {
		err = measure()
		pprof.StopCPUProfile()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

func runBench(ctx context.Context, o bench.Options, f benchFlags, out io.Writer) error {
	report, err := bench.Run(ctx, o)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("bench: %w", err)
	}
	write := report.WriteTable
	if f.markdown {
		write = report.WriteMarkdown
	}
	if err := write(out); err != nil {
		return err
	}
	if f.json != "" {
		if err := writeJSON(report, f.json); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, errors.New("bench: interrupted: these are the lines measured so far")}
	}
	if n := report.Below(); n > 0 {
		return &exitError{code: 1, err: fmt.Errorf("%d lines are below their floors", n)}
	}
	return nil
}

func writeJSON(report *bench.Report, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := report.WriteJSON(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
