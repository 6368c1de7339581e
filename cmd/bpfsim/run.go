package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// runFlags are the flags of `bpfsim run`.
type runFlags struct {
	bpffs        string
	trace        string
	record       string
	cpus         int
	root         bool
	unprivileged bool
	quiet        bool
	memory       string
	types        string
	faults       []string
	linux        string
	dumpNumbers  map[string]int
}

const runLong = `Run CMD and its children; every bpf(2) call of theirs is answered by bpfsim, without root.

CMD finds a private bpffs at /sys/fs/bpf, or, where the host allows no user namespaces, at a temporary directory that
is printed and that $BPFSIM_BPFFS names. The exit status is CMD's, 128+N when signal N killed it, 125 when bpfsim
failed, 126 or 127 when CMD cannot be executed or found.`

// maxCPUs is the largest CONFIG_NR_CPUS of x86 and arm64.
const maxCPUs = 8192

func newRun() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "run [flags] -- CMD [ARGS...]", Short: "Run a command whose bpf(2) calls bpfsim answers", Long: runLong,
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd, f, args) },
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return failed(wrongFlag(err)) })
	flags := cmd.Flags()
	flags.SetInterspersed(false) // behind CMD everything is CMD's
	flags.StringVar(&f.bpffs, "bpffs", "", "directory that stands for the bpffs, instead of /sys/fs/bpf")
	flags.StringVar(&f.trace, "trace", "", "write each bpf(2) call to this file, as strace prints it; - is standard error")
	flags.StringVar(&f.record, "record", "", "write each bpf(2) call to this file, for bpfsim replay (docs/record.md)")
	flags.IntVar(&f.cpus, "cpus", 0, "number of possible CPUs (0: the host's, which programs read from /sys)")
	flags.StringToIntVar(&f.dumpNumbers, "dump-number", nil,
		"answer another command number as a dump command: 23=1000 is BPF_MAP_DUMP in the tree of the RFC")
	flags.StringVar(&f.linux, "linux", "", "answer as this series of Linux does, 6.1, 6.12 or 6.18, the default")
	flags.BoolVar(&f.unprivileged, "unprivileged", false, "answer as to a caller without CAP_BPF and CAP_SYS_ADMIN")
	flags.StringVar(&f.memory, "memory", "",
		"what all maps may take, as Linux counts it: 512MiB, 2GiB (default half of what is available); ENOMEM behind it")
	flags.StringVar(&f.types, "btf", "", "the kernel's types: a file as /sys/kernel/btf/vmlinux, which it stands for (default the host's)")
	flags.StringArrayVar(&f.faults, "fault", nil,
		"let calls fail: update@ct:nth=3=ENOMEM is the third update of the map ct; may be given several times")
	flags.BoolVar(&f.quiet, "quiet", false, "do not say on standard error what CMD asked for that is not simulated, nor which faults never happened")
	flags.BoolVar(&f.root, "root", false, "let CMD see itself as root, in a user namespace: geteuid() is 0")
	return cmd
}

// failed is an error of bpfsim's own: its status must not be taken for the command's.
func failed(err error) error {
	return &exitError{intercept.ExitFailed, fmt.Errorf("%w (see: bpfsim run --help)", err)}
}

func run(cmd *cobra.Command, f runFlags, args []string) error {
	if err := f.check(cmd.Flags(), args); err != nil {
		return failed(err)
	}
	refused := newRefusals(cmd.ErrOrStderr())
	defer refused.close()
	injected, err := parseFaults(f.faults)
	if err != nil {
		return failed(err)
	}
	options, done, err := f.options(args, refused, injected)
	if err != nil {
		return failed(err)
	}
	// A write to standard error when nobody reads it must not end bpfsim, on which CMD depends.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	code, err := intercept.Run(cmd.Context(), options)
	if err == nil && !f.quiet {
		for _, text := range injected.unused() {
			refused.say(text)
		}
	}
	if closed := done(); err == nil && closed != nil {
		code, err = intercept.ExitFailed, closed
	}
	if code != 0 || err != nil {
		return &exitError{code, err}
	}
	return nil
}

// check refuses what cannot be meant.
func (f runFlags) check(flags *pflag.FlagSet, args []string) error {
	if len(args) == 0 {
		return errors.New("no command to run: want bpfsim run [flags] -- CMD [ARGS...]")
	}
	if f.cpus < 0 || f.cpus > maxCPUs {
		return fmt.Errorf("--cpus %d: want 1 to %d, or 0 for the host's number", f.cpus, maxCPUs)
	}
	for name, value := range map[string]string{"bpffs": f.bpffs, "trace": f.trace, "record": f.record, "btf": f.types} {
		if value == "" && flags.Changed(name) {
			return fmt.Errorf("--%s: the name is empty", name)
		}
	}
	return nil
}

// options boots the kernel and opens the trace, which the function it returns closes.
func (f runFlags) options(args []string, refused *refusals, injected *faults) (intercept.Options, func() error, error) {
	o := intercept.Options{Args: args, BPFFS: f.bpffs, AsRoot: f.root, Caps: bpfsys.Root, CPUs: f.cpus, Reap: true}
	if f.unprivileged {
		o.Caps = bpfsys.Caps{}
	}
	if f.cpus == 0 {
		cpus, err := intercept.PossibleCPUs()
		if err != nil {
			return o, nil, err
		}
		o.CPUs = cpus
	}
	numbers, err := parseNumbers(f.dumpNumbers)
	if err != nil {
		return o, nil, err
	}
	memory, err := memoryFor(f.memory)
	if err != nil {
		return o, nil, err
	}
	types := intercept.HostTypes
	if f.types != "" {
		if o.Types, err = intercept.KernelTypes(f.types); err != nil {
			return o, nil, fmt.Errorf("--btf: %w", err)
		}
		types = func() *btf.BTF { return o.Types }
	}
	collectWithin(memory)
	like, err := profile.Named(f.linux)
	if err != nil {
		return o, nil, fmt.Errorf("--linux: %w", err)
	}
	kernel := bpfsys.Options{Profile: like, CPUs: o.CPUs, Numbers: numbers, Memory: memory, Fault: injected.hook(), BTF: types, Now: intercept.SinceBoot}
	kernel.Probes = intercept.HostProbes()
	if !f.quiet {
		kernel.Refused = refused.note
	}
	recorded := func() error { return nil }
	if f.record != "" {
		if recorded, err = f.recordTo(&o, &kernel, refused); err != nil {
			return o, nil, err
		}
	}
	o.Kernel = bpfsys.NewKernel(kernel)
	if f.trace == "" {
		return o, recorded, nil
	}
	file, err := openTrace(f.trace)
	if err != nil {
		return o, nil, fmt.Errorf("open trace: %w", err)
	}
	o.Trace = file
	return o, func() error { return errors.Join(file.Close(), recorded()) }, nil
}

// openTrace opens the file of that name; - is standard error, as for strace, since CMD's standard output may be read by
// a program. It opens for writing only: whoever may read a named pipe too never learns that its reader has gone.
func openTrace(name string) (*os.File, error) {
	if name != "-" {
		return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	}
	return os.Stderr, nil
}

// parseNumbers reads pairs such as 23=1000.
func parseNumbers(pairs map[string]int) (map[abi.Cmd]abi.Cmd, error) {
	numbers := map[abi.Cmd]abi.Cmd{}
	for text, number := range pairs {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("--dump-number %s=%d: %w", text, number, err)
		}
		dump := abi.Cmd(number)
		if dump != abi.MapDump && dump != abi.MapDumpJuly && dump != abi.MapDumpAndDelete {
			return nil, fmt.Errorf("--dump-number %s=%d: no dump has that number: want %d, %d or %d",
				text, number, abi.MapDump, abi.MapDumpJuly, abi.MapDumpAndDelete)
		}
		numbers[abi.Cmd(n)] = dump
	}
	return numbers, nil
}
