package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/vm"
	"github.com/spf13/cobra"
)

// compareFlags are the flags of `bpfsim compare`.
type compareFlags struct {
	seed    uint64
	ops     int
	most    int
	types   []string
	without []string
	qemu    bool
	machine vm.Options
	kernel  vm.KernelOptions
}

const compareLong = `Run random programs of bpf(2) calls on a real kernel and on bpfsim, step by step, and compare every result, every
byte of user memory and the specification's judgement.

The kernel is the running one, which takes root, or with --qemu one in a virtual machine, which does not: the image
that --image names or the one of a Debian package, downloaded once. bpfsim itself runs in it, which takes a static binary for
x86-64 (CGO_ENABLED=0). The exit status is 1 when something differs, 2 when something could
not run.`

func newCompare() *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use: "compare [flags]", Short: "Compare bpfsim with a real kernel", Long: compareLong, Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd.Flags().Changed); err != nil {
				return trouble(err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			collectSeldom()
			if f.qemu {
				return trouble(f.compareInVM(ctx, cmd.OutOrStdout()))
			}
			return trouble(f.compareHere(ctx, cmd.OutOrStdout()))
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&f.seed, "seed", 1, "what the programs are drawn from")
	flags.IntVar(&f.ops, "ops", 100_000, "number of operations, at least")
	flags.IntVar(&f.most, "most", 1, "stop after this many differences")
	flags.StringSliceVar(&f.types, "types", nil, "the only map types to make, such as hash,lpm_trie (default: all)")
	flags.StringSliceVar(&f.without, "without", nil, "names of what the kernel lacks (default: what its release lacks)")
	flags.BoolVar(&f.qemu, "qemu", false, "use a kernel in qemu instead of the running one")
	flags.IntVar(&f.machine.CPUs, "cpus", 4, "number of CPUs in qemu")
	flags.IntVar(&f.machine.Memory, "memory", 2048, "memory in qemu, in MiB")
	flags.BoolVar(&f.machine.Software, "tcg", false, "let qemu emulate in software even where KVM is allowed")
	flags.StringVar(&f.kernel.Path, "image", "", "kernel image for qemu")
	flags.StringVar(&f.kernel.Package, "package", "", "Debian package of the kernel image (default: the newest of --linux)")
	flags.StringVar(&f.kernel.Series, "linux", vm.DefaultSeries, "series of Debian's kernel in qemu: 6.1 or 6.12")
	return cmd
}

// check refuses flags that would have no effect.
func (f compareFlags) check(changed func(flag string) bool) error {
	for _, flag := range []string{"cpus", "memory", "tcg", "image", "package", "linux"} {
		if changed(flag) && !f.qemu {
			return fmt.Errorf("compare: --%s is about the kernel in qemu: want --qemu with it", flag)
		}
	}
	if _, err := profile.Named(f.kernel.Series); err != nil {
		return fmt.Errorf("compare: --linux: %w", err)
	}
	if named := slices.DeleteFunc([]string{"image", "package", "linux"}, func(flag string) bool { return !changed(flag) }); len(named) > 1 {
		return fmt.Errorf("compare: --%s both name a kernel: want one of them", strings.Join(named, " and --"))
	}
	return nil
}

// compareHere compares with the running kernel.
func (f compareFlags) compareHere(ctx context.Context, out io.Writer) error {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	types, err := mapTypes(f.types)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	linux := seriesOf(string(release))
	without := f.features(linux)
	fmt.Fprintf(out, "Linux %s, %d possible CPUs, seed %d, compared with %s, left out: %v\n",
		strings.TrimSpace(string(release)), kernel.PossibleCPUs(), f.seed, linux, without)
	rows, err := compareRows(linux)
	if err != nil {
		return fmt.Errorf("compare (needs root; --qemu does not): rows of docs/kernels.md: %w", err)
	}
	fmt.Fprintf(out, "%d rows of docs/kernels.md, %d mismatches\n", len(profile.Rows), len(rows))
	for _, m := range rows {
		fmt.Fprintf(out, "\n%s", m)
	}
	report, err := campaign.Run(ctx, campaign.Options{
		Seed: f.seed, Ops: f.ops, Most: f.most, Types: types, Series: linux, Without: without, Progress: progress(out),
	})
	if report != nil {
		fmt.Fprint(out, report)
	}
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("compare (needs root; --qemu does not): %w", err)
	case err != nil && !errors.Is(err, context.Canceled):
		return fmt.Errorf("compare: %w", err)
	case len(rows) > 0, report != nil && len(report.Mismatches) > 0:
		return &exitError{code: 1}
	case err != nil:
		return &exitError{code: 128 + int(syscall.SIGINT)}
	}
	return nil
}

// compareRows runs the checks of the table of what series differ in.
func compareRows(linux abi.Release) ([]*campaign.Mismatch, error) {
	k, err := kernel.NewLinux()
	if err != nil {
		return nil, err
	}
	defer k.Close()
	return campaign.CompareRows(linux, kernel.PossibleCPUs(), k, kernel.NewSim())
}

// mapTypes are the map types with those names.
func mapTypes(names []string) (types []abi.MapType, err error) {
	for _, name := range names {
		at := slices.IndexFunc(campaign.MapTypes(), func(t abi.MapType) bool { return strings.EqualFold(t.String(), name) })
		if at < 0 {
			return nil, fmt.Errorf("--types %s: no map of that type is compared: want some of %v", name, campaign.MapTypes())
		}
		types = append(types, campaign.MapTypes()[at])
	}
	return types, nil
}

// progress says how far a campaign has come, now and then.
func progress(out io.Writer) func(*campaign.Report) {
	const every = 10 * time.Second
	start := time.Now()
	last := start
	return func(r *campaign.Report) {
		now := time.Now()
		if now.Sub(last) < every {
			return
		}
		last = now
		fmt.Fprintf(out, "%d operations, %d a second, %d mismatches\n",
			r.Ops, int(float64(r.Ops)/now.Sub(start).Seconds()), len(r.Mismatches))
	}
}

// features are those named, or those that are not compared with a kernel of that series.
func (f compareFlags) features(linux abi.Release) []program.Feature {
	var features []program.Feature
	for _, name := range f.without {
		features = append(features, program.Feature(name))
	}
	if f.without == nil {
		features = program.NotCompared(linux)
	}
	return features
}

// compareInVM runs compareHere in a guest.
func (f compareFlags) compareInVM(ctx context.Context, out io.Writer) error {
	m := f.machine
	m.Args, m.Stdout = f.guestArgs(), out
	var err error
	if m.Init, err = vm.Self(); err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if m.Kernel, err = vm.FindKernel(ctx, f.kernel); err != nil {
		return err
	}
	code, err := vm.Run(ctx, m)
	if err == nil && code != 0 {
		return &exitError{code: code}
	}
	return err
}

// guestArgs ask for the same comparison without qemu.
func (f compareFlags) guestArgs() []string {
	args := []string{"compare", "--seed", strconv.FormatUint(f.seed, 10), "--ops", strconv.Itoa(f.ops), "--most", strconv.Itoa(f.most)}
	if len(f.types) > 0 {
		args = append(args, "--types", strings.Join(f.types, ","))
	}
	if f.without != nil {
		args = append(args, "--without", strings.Join(f.without, ","))
	}
	return args
}
