//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Every scenario that pins must hold on a plain directory, too.
func TestBPFFSDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "bpffs")
	for _, name := range []string{"pins", "file calls"} {
		o := options()
		o.BPFFS = dir
		runScenario(t, name, o)
	}
}

// Pins are nothing without the kernel that they belonged to; what else is in the directory stays.
func TestBPFFSDirectoryIsLeftClean(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine"), []byte("text"), 0o600))
	o := options()
	o.BPFFS = dir
	runScenario(t, "leavePin", o)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, "mine", entries[0].Name())
}

// A supervisor that was killed leaves its pins behind: the next one alone in the directory removes them.
func TestStalePinsAreRemoved(t *testing.T) {
	skipIfRefused(t)
	dir := t.TempDir()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), scenarioVar+"=crash", "BPFSIM_TEST_DIR="+dir)
	require.Error(t, cmd.Run())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "written"), []byte("text"), 0o600))
	_ = unix.Setxattr(filepath.Join(dir, "written"), "user.bpfsim.pin", []byte{1}, 0)
	require.FileExists(t, filepath.Join(dir, "behind"))
	if _, err := unix.Getxattr(filepath.Join(dir, "behind"), "user.bpfsim.pin", nil); err == unix.EOPNOTSUPP {
		t.Skip("no extended attributes on", dir)
	}

	o := options("sleep", "1000")
	o.BPFFS = dir
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = intercept.Run(ctx, o)
	}()
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, "behind"))
		return os.IsNotExist(err)
	}, 10*time.Second, time.Millisecond)
	require.FileExists(t, filepath.Join(dir, "mine"))
	require.FileExists(t, filepath.Join(dir, "written"), "what somebody has written to is theirs")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other"), nil, 0o600))
	require.NoError(t, unix.Setxattr(filepath.Join(dir, "other"), "user.bpfsim.pin", []byte{1}, 0))
	runScenario(t, "leavePin", o) // beside a supervisor that lives
	require.FileExists(t, filepath.Join(dir, "other"))
	cancel()
	<-done
}

// crash is a supervisor that dies with its command's pin in place.
func crash(c client) {
	require.NoError(c, os.Setenv(scenarioVar, "crashing"))
	o := options("/proc/self/exe")
	o.BPFFS = os.Getenv("BPFSIM_TEST_DIR")
	_, _ = intercept.Run(context.Background(), o)
}

func crashing(c client) {
	leavePin(c)
	require.NoError(c, unix.Kill(os.Getppid(), unix.SIGKILL))
}

// The limits hold for this process's descendants, as in a user namespace below which no other can be made. Where root may
// still make a user namespace, a mount namespace is missing.
func TestFallbackIsSaidAloud(t *testing.T) {
	skipIfRefused(t)
	for limits, sysctl := range map[string]string{
		"user mnt": "user.max_user_namespaces and user.max_mnt_namespaces", "mnt": "user.max_mnt_namespaces",
	} {
		t.Run(limits, func(t *testing.T) {
			out := fallBack(t, limits)
			require.Contains(t, out, "bpfsim: no private mount over /sys/fs/bpf: this host allows no more namespaces (sysctl "+sysctl+");")
			require.NotContains(t, out, "no space left on device")
			require.Contains(t, out, "bpffs is at "+os.TempDir())
		})
	}
}

// fallBack runs the scenario of that name where namespaces of the given kinds cannot be had.
func fallBack(t *testing.T, kinds string) string {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	script := "for kind in " + kinds + "; do echo 0 > /proc/sys/user/max_${kind}_namespaces || exit; done; exec env " +
		scenarioVar + `=fallback "$0"`
	out, err := unshared(exe, script).CombinedOutput()
	if err != nil && strings.Contains(string(out), "Operation not permitted") {
		t.Skip("no user namespace to take the permission away in:", string(out))
	}
	require.NoError(t, err, string(out))
	return string(out)
}
