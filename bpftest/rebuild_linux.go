//go:build linux && (amd64 || arm64)

package bpftest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/patch"
	"golang.org/x/sys/unix"
)

// toolName is the first argument of a test binary that the go command starts in front of one of its tools (-toolexec).
const toolName = "bpftest-toolexec"

// runTool is this process between the go command and a tool, if that is what it was started for.
func runTool(args []string) {
	if len(args) < 2 || args[1] != toolName {
		return
	}
	status, err := patch.Exec(args[2:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bpftest:", err)
	}
	os.Exit(status)
}

// runRebuilt builds the package's tests once more, with a patched client, and runs them in the place of these.
func runRebuilt() (status int, err error) {
	dir, err := os.MkdirTemp("", "bpftest-")
	if err != nil {
		return 0, fmt.Errorf("make directory: %w", err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, filepath.Base(os.Args[0]))
	if err := rebuild(program); err != nil {
		return 0, err
	}
	return runIn(program)
}

// quick is how long building may take without a word.
const quick = 5 * time.Second

// rebuild builds the package in the working directory, in which go test runs tests.
func rebuild(program string) error {
	built, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("this binary does not say how it was built")
	}
	if err := isHere(strings.TrimSuffix(built.Path, ".test")); err != nil { // a command's tests have its path
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the test binary: %w", err)
	}
	if strings.ContainsAny(self, "'\"\n") {
		return fmt.Errorf("the go command cannot be told of a program with a quote in its path: %s", self)
	}
	told := time.AfterFunc(quick, func() {
		fmt.Fprintln(os.Stderr, "bpftest: building these tests once more, with a patched client: the first time takes a minute or so, as the standard library is built, too")
	})
	defer told.Stop()
	args := append([]string{"test", "-c", "-o", program, "-toolexec='" + self + "' " + toolName}, buildFlags(built.Settings)...)
	if isFuzzing(os.Args) {
		args = append(args, "-fuzz=.") // with the instructions that count what is covered
	}
	return build(append(args, "."))
}

// isHere checks that a package lies in the working directory.
func isHere(pkg string) error {
	here, err := exec.Command("go", "list", "-f", "{{.ImportPath}}", ".").Output()
	var exit *exec.ExitError
	switch path := strings.TrimSpace(string(here)); {
	case errors.As(err, &exit):
		return fmt.Errorf("ask the go command for the package in the working directory: %w\n%sUse go test in a package of a module, or bpfsim test -c", err, exit.Stderr)
	case err != nil:
		return fmt.Errorf("ask the go command for the package in the working directory: %w: it must be in PATH, or use bpfsim test -c", err)
	case path != pkg:
		return fmt.Errorf("the working directory is that of %s and not of %s: use go test, or bpfsim test -c", path, pkg)
	}
	return nil
}

// build runs the go command, for no longer than leaves the tests time.
func build(args []string) error {
	most := patienceOf(os.Args)
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.WaitDelay = quick // for compilers that it has started
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("it takes longer than %v: run go test again, which goes on from there, or with a longer -timeout", most)
	case err != nil:
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// patienceOf is how long building may take: go test kills tests that last longer than their timeout and a minute, building included.
func patienceOf(args []string) time.Duration {
	const without = time.Hour
	for _, a := range args {
		text, found := strings.CutPrefix(a, "-test.timeout=")
		if timeout, err := time.ParseDuration(text); found && err == nil && timeout > 0 {
			return timeout * 3 / 4
		}
	}
	return without
}

// buildFlags are the flags of go test that decide what is built, as far as a binary knows them.
func buildFlags(settings []debug.BuildSetting) (flags []string) {
	if mode := testing.CoverMode(); mode != "" {
		flags = append(flags, "-cover", "-covermode="+mode)
	}
	for _, s := range settings {
		switch s.Key {
		case "-race", "-tags", "-trimpath", "-msan", "-asan":
			flags = append(flags, s.Key+"="+s.Value)
		}
	}
	return flags
}

// runIn runs a program with this one's arguments, to whose end it leaves signals.
func runIn(program string) (status int, err error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP)
	defer signal.Stop(signals)
	cmd := exec.Command(program, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	runtime.LockOSThread() // whose end the next line speaks of
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the tests: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s)
		case err := <-ended:
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				return 0, fmt.Errorf("run the tests: %w", err)
			}
			if cmd.ProcessState.ExitCode() < 0 { // a signal
				return 1, nil
			}
			return cmd.ProcessState.ExitCode(), nil
		}
	}
}
