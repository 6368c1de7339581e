//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every scenario that pins must hold on a plain directory, too.
func TestBPFFSDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "bpffs")
	for _, name := range []string{"pins", "lookalikes"} {
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

// noNamespaces stands for a host that refuses namespaces: the limit holds for this process's descendants, as a user
// namespace below which no other can be made.
func TestFallbackIsSaidAloud(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	script := `echo 0 > /proc/sys/user/max_user_namespaces && echo 0 > /proc/sys/user/max_mnt_namespaces &&
		exec env ` + scenarioVar + `=fallback "$0"`
	out, err := unshared(exe, script).CombinedOutput()
	if err != nil && strings.Contains(string(out), "Operation not permitted") {
		t.Skip("no user namespace to take the permission away in:", string(out))
	}
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "bpfsim: no private mount over /sys/fs/bpf")
	require.Contains(t, string(out), "this host allows no more user namespaces")
	require.NotContains(t, string(out), "no space left on device")
	require.Contains(t, string(out), "bpffs is at "+os.TempDir())
}
