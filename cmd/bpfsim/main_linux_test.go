package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// asMainVar makes the test binary be bpfsim.
const asMainVar = "BPFSIM_TEST_AS_MAIN"

// nobody is the user that tests run commands as when they are root.
const nobody = 65534

// binary is this test binary where any user may execute it: go test's own directory is closed to others.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv(asMainVar) != "" {
		os.Unsetenv(asMainVar)
		main()
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "bpfsim-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := install(dir); err != nil {
		panic(err)
	}
	return m.Run()
}

func install(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	text, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	binary = filepath.Join(dir, "bpfsim")
	return errors.Join(os.WriteFile(binary, text, 0o755), os.Chmod(binary, 0o755))
}

// bpfsimCommand is bpfsim as a command of an unprivileged user's, in a home of its own.
func bpfsimCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, args...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), asMainVar+"=1", "HOME="+home, "TMPDIR="+home)
	cmd.Dir = "/"
	if os.Getuid() == 0 {
		giveAway(t, home)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

// giveAway makes a temporary directory nobody's, and lets it be reached.
func giveAway(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.Chown(dir, nobody, nobody))
	for up := filepath.Dir(dir); up != filepath.Clean(os.TempDir()) && up != "/"; up = filepath.Dir(up) {
		require.NoError(t, os.Chmod(up, 0o755))
	}
}

// skipIfRefused skips where the host forbids what interception needs, except where that must not happen.
func skipIfRefused(t *testing.T) {
	t.Helper()
	kernel := bpfsys.NewKernel(bpfsys.Options{CPUs: 1})
	if _, err := intercept.Run(context.Background(), intercept.Options{Kernel: kernel, Args: []string{"true"}}); err != nil {
		skip(t, fmt.Sprint("interception is refused here: ", err))
	}
}

// skip skips a test for want of something on the host, or fails it where the host must have everything.
func skip(t *testing.T, why string) {
	t.Helper()
	require.Empty(t, os.Getenv("BPFSIM_REQUIRE_TOOLS"), why)
	t.Skip(why)
}

// output runs a command and returns all it wrote; it must end with the given status.
func output(t *testing.T, status int, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	require.Equal(t, status, cmd.ProcessState.ExitCode(), string(out))
	return strings.TrimSpace(string(out))
}
