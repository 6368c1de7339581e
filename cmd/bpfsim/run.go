package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/spf13/cobra"
)

// runFlags are the flags of `bpfsim run`.
type runFlags struct {
	bpffs        string
	trace        string
	cpus         int
	unprivileged bool
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
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd, f, args) },
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false) // behind CMD everything is CMD's
	flags.StringVar(&f.bpffs, "bpffs", "", "directory that stands for the bpffs, instead of /sys/fs/bpf")
	flags.StringVar(&f.trace, "trace", "", "write each bpf(2) call to this file, as strace prints it")
	flags.IntVar(&f.cpus, "cpus", 0, "number of possible CPUs (0: the host's, which programs read from /sys)")
	flags.StringToIntVar(&f.dumpNumbers, "dump-number", nil,
		"answer another command number as a dump command: 23=1000 is BPF_MAP_DUMP in the tree of the RFC")
	flags.BoolVar(&f.unprivileged, "unprivileged", false, "answer as to a caller without CAP_BPF and CAP_SYS_ADMIN")
	return cmd
}

func run(cmd *cobra.Command, f runFlags, args []string) error {
	options, done, err := f.options(args)
	if err != nil {
		return &exitError{intercept.ExitFailed, err}
	}
	code, err := intercept.Run(cmd.Context(), options)
	if closed := done(); err == nil && closed != nil {
		code, err = intercept.ExitFailed, closed
	}
	if code != 0 || err != nil {
		return &exitError{code, err}
	}
	return nil
}

// options boots the kernel and opens the trace, which the function it returns closes.
func (f runFlags) options(args []string) (intercept.Options, func() error, error) {
	o := intercept.Options{Args: args, BPFFS: f.bpffs, Caps: bpfsys.Root, CPUs: f.cpus, Reap: true}
	if f.cpus < 0 || f.cpus > maxCPUs {
		return o, nil, fmt.Errorf("--cpus %d: want 0 to %d", f.cpus, maxCPUs)
	}
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
	o.Kernel = bpfsys.NewKernel(bpfsys.Options{CPUs: o.CPUs, Numbers: numbers})
	if f.trace == "" {
		return o, func() error { return nil }, nil
	}
	file, err := os.Create(f.trace)
	if err != nil {
		return o, nil, fmt.Errorf("open trace: %w", err)
	}
	o.Trace = file
	return o, file.Close, nil
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
