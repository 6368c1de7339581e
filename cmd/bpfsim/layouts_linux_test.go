package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// copyModule copies an example to where it can be changed.
func copyModule(t *testing.T, from string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), filepath.Base(from))
	require.NoError(t, os.CopyFS(dir, os.DirFS(from)))
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	goMod(t, dir, "edit", "-replace=github.com/bpfsim/bpfsim="+root)
	return dir
}

func goMod(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := goIn(dir, append([]string{"mod"}, args...)...).CombinedOutput(); err != nil {
		skip(t, "go mod "+strings.Join(args, " ")+": "+string(out))
	}
}

// clientCopy is a copy of cilium/ebpf's sources, of the version that dir has.
func clientCopy(t *testing.T, dir string) string {
	t.Helper()
	goMod(t, dir, "download")
	from := output(t, 0, goIn(dir, "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/ebpf"))
	to := filepath.Join(t.TempDir(), "ebpf")
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	require.NoError(t, exec.Command("chmod", "-R", "u+w", to).Run())
	return to
}

// Wherever the go command takes the sources of cilium/ebpf from, they are patched.
func TestPatchedLayouts(t *testing.T) {
	for name, arrange := range map[string]func(dir string){
		"vendor":  func(dir string) { goMod(t, dir, "vendor") },
		"replace": func(dir string) { goMod(t, dir, "edit", "-replace=github.com/cilium/ebpf="+clientCopy(t, dir)) },
		"work": func(dir string) {
			output(t, 0, goIn(dir, "work", "init", ".", clientCopy(t, dir)))
		},
		"oldest": func(dir string) { getClient(t, dir, "0.16.0") },
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() {
				t.Skip("builds the standard library anew")
			}
			dir := copyModule(t, fakes)
			arrange(dir)
			out := output(t, 0, patchedCommand(t, buildPatched(t, dir)))
			require.Contains(t, out, "--- PASS: TestThirdUpdateFails")
		})
	}
}

// getClient has the module in dir take a version of cilium/ebpf.
func getClient(t *testing.T, dir, version string) {
	t.Helper()
	if out, err := goIn(dir, "get", "github.com/cilium/ebpf@v"+version).CombinedOutput(); err != nil {
		skip(t, string(out))
	}
}

// Tests pass with each version between the oldest and the one that examples have.
func TestPatchedVersions(t *testing.T) {
	if os.Getenv("BPFSIM_LONG") == "" {
		t.Skip("set BPFSIM_LONG to run with eight versions of cilium/ebpf")
	}
	for _, version := range []string{"0.17.0", "0.17.1", "0.17.2", "0.17.3", "0.18.0", "0.19.0", "0.20.0", "0.21.0"} {
		for example, want := range map[string]string{fakes: "TestThirdUpdateFails", execs: "TestNumbersAreUsedAgain"} {
			dir := copyModule(t, example)
			getClient(t, dir, version)
			out := output(t, 0, patchedCommand(t, buildPatched(t, dir)))
			require.Contains(t, out, "--- PASS: "+want, version)
		}
	}
}

// Flags of the go command's that change what the compiler is given.
func TestPatchedFlags(t *testing.T) {
	if os.Getenv("BPFSIM_LONG") == "" {
		t.Skip("set BPFSIM_LONG to build the standard library four times")
	}
	for _, flags := range [][]string{{"-trimpath"}, {"-race"}, {"-cover", "-coverpkg=github.com/cilium/ebpf/internal/sys,github.com/cilium/ebpf/internal/unix"}, {"-gcflags=all=-N -l"}} {
		out := output(t, 0, patchedCommand(t, buildPatched(t, fakes, flags...)))
		require.Contains(t, out, "--- PASS: TestThirdUpdateFails", "%v", flags)
	}
}

// A client whose one function is another fails the build, and says what to do.
func TestUnknownClient(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the standard library anew")
	}
	dir := copyModule(t, fakes)
	client := clientCopy(t, dir)
	file := filepath.Join(client, "internal", "sys", "syscall_other.go")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "unix.Syscall(unix.SYS_", "unix.Syscall(0+unix.SYS_", 1)), 0o600))
	goMod(t, dir, "edit", "-replace=github.com/cilium/ebpf="+client)
	bpfsim, err := command()
	require.NoError(t, err)
	cmd := exec.Command(bpfsim, "test", ".")
	cmd.Dir = dir
	out := output(t, 1, cmd)
	require.Contains(t, out, "is of a version that is not known")
	require.Contains(t, out, "BPFSIM_ROAD=notified")
}
