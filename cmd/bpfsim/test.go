package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/bpfsim/bpfsim/patch"
	"github.com/spf13/cobra"
)

const testLong = `Run go test with a github.com/cilium/ebpf that hands its bpf(2) calls to the test's own process, where package bpftest
answers them: no root, no seccomp, no second process. TestMain has to be bpftest.Main.

Everything behind "test" is go test's: bpfsim test -race -run TestFlows ./...
The first run builds the standard library anew, for the build cache keeps what was patched apart.`

func newTest() *cobra.Command {
	return &cobra.Command{
		Use: "test [go test flags] [packages]", Short: "Run go test on a simulated kernel in the test's own process", Long: testLong,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && (args[0] == "--help" || args[0] == "-h") {
				return cmd.Help()
			}
			return testPatched(cmd, args)
		},
	}
}

// testPatched ends with the status of go test.
func testPatched(cmd *cobra.Command, args []string) error {
	toolexec, err := toolexecFlag()
	if err != nil {
		return trouble(err)
	}
	test := exec.CommandContext(cmd.Context(), "go", append([]string{"test", toolexec}, args...)...)
	test.Stdin, test.Stdout, test.Stderr = os.Stdin, cmd.OutOrStdout(), cmd.ErrOrStderr()
	err = test.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return &exitError{exit.ExitCode(), nil}
	case err != nil:
		return trouble(fmt.Errorf("run go test: %w", err))
	}
	return nil
}

// toolexecName is the subcommand that the go command calls for each of its tools.
const toolexecName = "toolexec"

// toolexecFlag is the go command's flag that has this program patch what is built.
func toolexecFlag() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find bpfsim: %w", err)
	}
	if strings.ContainsAny(self, `'"`) || strings.Contains(self, "\n") {
		return "", fmt.Errorf("the go command cannot be told of a program with a quote in its path: move %s", self)
	}
	if strings.ContainsAny(self, " \t") {
		self = "'" + self + "'"
	}
	return "-toolexec=" + self + " " + toolexecName, nil
}

func newEnv() *cobra.Command {
	return &cobra.Command{
		Use: "env", Short: `Print settings for a shell, eval "$(bpfsim env)", or an IDE, with which go test does what bpfsim test does`,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			toolexec, err := toolexecFlag()
			if err != nil {
				return trouble(err)
			}
			flags := strings.TrimSpace(withoutToolexec(os.Getenv("GOFLAGS")) + ` "` + toolexec + `"`)
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "export GOFLAGS='%s'\n", strings.ReplaceAll(flags, "'", `'\''`))
			return err
		},
	}
}

// withoutToolexec is the value of GOFLAGS without what env has put there before.
func withoutToolexec(flags string) string {
	before, _, _ := strings.Cut(flags, `"-toolexec=`)
	return strings.TrimSpace(before)
}

// runToolexec is this program between the go command and one of its tools. It comes before all else, since it is started for every package.
func runToolexec(args []string) int {
	status, err := patch.Exec(args, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bpfsim:", err)
	}
	return status
}
