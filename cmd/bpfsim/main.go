package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/bpfsim/bpfsim/bench"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/vm"
	"github.com/spf13/cobra"
)

// exitError carries the exit status that a subcommand asks for; err is nil when there is nothing to say.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err != nil {
		return e.err.Error()
	}
	return fmt.Sprint("exit status ", e.code)
}

func (e *exitError) Unwrap() error { return e.err }

func main() {
	if len(os.Args) > 1 && os.Args[1] == toolexecName {
		os.Exit(runToolexec(os.Args[2:]))
	}
	vm.Init()
	bench.Init()
	os.Exit(exitCode(newRoot().Execute()))
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use: "bpfsim", Short: "bpf(2) maps without a kernel", SilenceUsage: true, SilenceErrors: true,
		Version: version(), Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return misused(cmd, wrongFlag(err)) })
	root.SetHelpCommand(newHelp())
	root.AddCommand(newRun(), newCompare(), newExplore(), newBench(), newFuzz(), newScenario(), newTest(), newEnv(), newDoctor(), newSpec(), newConform(), newReplay())
	return root
}

// collectSeldom suits commands that run programs, unless the user has set GOGC.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(campaign.GCPercent)
	}
}

// exitCode prints what is to be said of err and returns the status to exit with.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	code := 1
	var exit *exitError
	if errors.As(err, &exit) {
		code, err = exit.code, exit.err
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bpfsim:", err)
	}
	return code
}
