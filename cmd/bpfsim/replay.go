package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/spf13/cobra"
)

const replayLong = `Make the calls of a recording again, one by one, and compare what is answered with what was recorded: result, errno, and every byte
that was written. "bpfsim run --record FILE -- CMD" makes a recording.

The first difference is told, with the call and both answers. The exit status is 0 where there is none, 1 where there is, and 2 when the file
cannot be replayed.`

// replayFlags are the flags of ` + "`bpfsim replay`" + `.
type replayFlags struct {
	on     string
	shrink string
	mask   string
}

func newReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use: "replay [flags] FILE", Short: "Make recorded calls again, and compare", Long: replayLong,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misused(cmd, fmt.Errorf("replay: %d files: want one recording", len(args)))
			}
			return trouble(f.run(cmd, args[0]))
		},
	}
	cmd.Flags().StringVar(&f.on, "on", "bpfsim", "who answers: bpfsim, or linux, the running kernel (root)")
	cmd.Flags().StringVar(&f.shrink, "shrink", "", "where there is a difference, leave out what it does not take, and write what is left to this file")
	cmd.Flags().StringVar(&f.mask, "mask", "",
		"write the recording to this file, with keys, values, names, paths and the command line replaced, and replay that (docs/record.md)")
	return cmd
}

func (f replayFlags) run(cmd *cobra.Command, path string) error {
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	for flag, to := range map[string]string{"mask": f.mask, "shrink": f.shrink} {
		if same(path, to) {
			return fmt.Errorf("replay: --%s %s: this is the recording itself: want another file", flag, to)
		}
	}
	if f.mask != "" {
		if err := f.masked(ctx, path, cmd.ErrOrStderr()); err != nil {
			return fmt.Errorf("replay --mask: %w", err)
		}
		path = f.mask
	}
	r, file, err := recording.Open(path)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer file.Close()
	side, end, err := f.side(r.Header, cmd.ErrOrStderr())
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer end()
	report, err := replay.Run(ctx, r, side)
	if err != nil {
		return fmt.Errorf("replay %s: %w", path, err)
	}
	tell(cmd.OutOrStdout(), report)
	if report.Difference == nil {
		return nil
	}
	if f.shrink != "" {
		if err := f.smaller(ctx, path, report.Difference, side, cmd); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
	return &exitError{code: exitFound}
}

// smaller writes the smallest part of a recording that shows a difference.
func (f replayFlags) smaller(ctx context.Context, path string, d *replay.Difference, side replay.Side, cmd *cobra.Command) error {
	r, file, err := recording.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	entries, err := replay.Load(r, d.Number)
	if err != nil {
		return err
	}
	show, end := shrinking(cmd.ErrOrStderr())
	entries, err = replay.Shrink(ctx, r.Header, entries, d, side, show)
	end()
	if err != nil {
		return err
	}
	if err := recording.Save(f.shrink, r.Header, entries); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d lines of the recording show it as well, written to %s\n", len(entries), f.shrink)
	return nil
}

// same reports whether two names are of one file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// masked writes a recording without what is personal.
func (f replayFlags) masked(ctx context.Context, path string, warn io.Writer) error {
	r, file, err := recording.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return replay.Mask(ctx, r, &replay.Bpfsim{Types: hostTypes(r.Header, warn)}, f.mask)
}

// side is who answers, and how that ends.
func (f replayFlags) side(h recording.Header, warn io.Writer) (replay.Side, func(), error) {
	switch f.on {
	case "bpfsim":
		return &replay.Bpfsim{Types: hostTypes(h, warn)}, func() {}, nil
	case "linux":
		k, err := kernel.NewLinux()
		if err != nil {
			return nil, nil, fmt.Errorf("--on linux (needs root): %w", err)
		}
		return replay.NewKernel(k), k.Close, nil
	}
	return nil, nil, fmt.Errorf("--on %s: want bpfsim or linux", f.on)
}

// hostTypes are the host's own types where they are those of the recording.
func hostTypes(h recording.Header, warn io.Writer) func() *btf.BTF {
	if h.Types == "" {
		return nil
	}
	if hash := recording.HashTypes(intercept.HostTypes()); hash != h.Types {
		fmt.Fprintln(warn, "bpfsim: the recording was made with the types (BTF) of another kernel than this one: what depends on them may be answered otherwise")
		return nil
	}
	return intercept.HostTypes
}

// tell prints what came of a replay.
func tell(out io.Writer, r *replay.Report) {
	if r.Difference != nil {
		fmt.Fprint(out, r.Difference)
	}
	differences := map[bool]int{true: 1}[r.Difference != nil]
	fmt.Fprintf(out, "%s: %d calls made again, %d differences", r.Side, r.Calls, differences)
	if differences > 0 {
		fmt.Fprint(out, "; nothing is made behind the first")
	}
	fmt.Fprintln(out)
	for _, why := range slices.Sorted(maps.Keys(r.NotMade)) {
		fmt.Fprintf(out, "  not made: %d calls, %s\n", r.NotMade[why], why)
	}
	for _, what := range slices.Sorted(maps.Keys(r.Beside)) {
		fmt.Fprintf(out, "  not recorded: %d times %s\n", r.Beside[what], what)
	}
	if r.CutOff != "" {
		fmt.Fprintf(out, "  the recording ends early: %s; up to there it is whole\n", r.CutOff)
	}
}
