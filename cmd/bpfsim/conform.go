package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bpfsim/bpfsim/conform"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/semantics"
	"github.com/spf13/cobra"
)

const conformLong = `Score an implementation of bpf(2)'s maps: bpfsim itself, the running kernel ("linux", as root), or a program that answers questions on
its standard output, one line for each line on its standard input (docs/conform.md has the protocol). It is asked the statements of
"bpfsim spec", generated programs, and walks while others write. What is broken is named, with the smallest program found that shows it.

A Go type of your own is asked by conform.Test in a test. The exit status is 1 when something is broken, 2 when not everything could be asked.`

// conformFlags are the flags of `bpfsim conform`.
type conformFlags struct {
	json    bool
	types   []string
	options conform.Options
	timeout time.Duration
	linux   string
	qemu    bool
}

func newConform() *cobra.Command {
	var f conformFlags
	cmd := &cobra.Command{
		Use: "conform [flags] bpfsim | linux | -- COMMAND [ARGS...]", Short: "Score an implementation of maps", Long: conformLong,
		Example: "  bpfsim conform linux\n  bpfsim conform --linux 6.1 --qemu linux\n  bpfsim conform --json -- python3 plugin.py",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(cmd, errors.New("conform: want bpfsim, linux, or -- and a command"))
			}
			if len(args) > 1 && cmd.ArgsLenAtDash() != 0 {
				return misused(cmd, fmt.Errorf("conform: unexpected %q: a command stands behind --", args[1]))
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			if err := f.series(args[0], cmd.ArgsLenAtDash() == 0); err != nil {
				return trouble(fmt.Errorf("conform: %w", err))
			}
			if f.qemu {
				return trouble(f.inVM(ctx, cmd.OutOrStdout()))
			}
			on, end, err := f.implementation(ctx, args, cmd.ArgsLenAtDash() == 0, cmd.ErrOrStderr())
			if err != nil {
				return trouble(fmt.Errorf("conform: %w", err))
			}
			defer end()
			return f.score(ctx, on, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.json, "json", false, "print the report as JSON")
	flags.StringSliceVar(&f.types, "types", nil, "the only map types to ask about, such as hash,lpm_trie (default: all)")
	flags.IntVar(&f.options.Programs, "programs", conform.DefaultPrograms, "generated programs for each map type; -1 for none")
	flags.Uint64Var(&f.options.Seed, "seed", 1, "what the programs are drawn from")
	flags.StringVar(&f.linux, "linux", "", "the series of Linux that is right: 6.1, 6.12 or 6.18 (default: that of the running kernel for linux, 6.18 for others)")
	flags.BoolVar(&f.qemu, "qemu", false, "of linux, ask Debian's kernel of the series in qemu instead of the running one, without root (see bpfsim compare)")
	flags.DurationVar(&f.timeout, "timeout", conform.DefaultTimeout, "how long a command's answer may take")
	return cmd
}

// implementation is what the arguments name, and how it is ended.
func (f *conformFlags) implementation(ctx context.Context, args []string, command bool, stderr io.Writer) (semantics.Implementation, func(), error) {
	switch {
	case command:
		p := conform.NewPlugin(ctx, args...)
		p.Timeout, p.Stderr = f.timeout, stderr
		return p, p.Close, nil
	case args[0] == "bpfsim":
		return semantics.OnSeries(f.options.Linux, kernel.PossibleCPUs()), func() {}, nil
	case args[0] == "linux":
		k, err := kernel.NewLinux()
		if err != nil {
			return nil, nil, fmt.Errorf("linux (needs root): %w", err)
		}
		return semantics.OnKernel(k, kernel.PossibleCPUs()), k.Close, nil
	}
	return nil, nil, fmt.Errorf("%q is neither bpfsim nor linux: a command stands behind --", args[0])
}

// score runs the suite and prints the report.
func (f *conformFlags) score(ctx context.Context, on semantics.Implementation, out io.Writer) (err error) {
	for _, name := range f.types {
		t, known := semantics.TypeByName(name)
		if !known {
			return trouble(fmt.Errorf("conform: --types %s: no such map type", name))
		}
		f.options.Types = append(f.options.Types, t)
	}
	report, err := conform.Run(ctx, on, f.options)
	if err != nil {
		report.Trouble = err.Error()
	}
	if f.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return trouble(fmt.Errorf("conform: %w", err))
		}
	} else {
		fmt.Fprint(out, report)
	}
	switch {
	case err != nil:
		return trouble(fmt.Errorf("conform: %w", err))
	case len(report.Broken) > 0:
		return &exitError{code: 1}
	case !report.Conforms():
		return trouble(errors.New("conform: nothing could be asked"))
	}
	return nil
}
