package patch_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/patch"
	"github.com/stretchr/testify/require"
)

// versions are those of cilium/ebpf that the patch knows.
var versions = []string{"0.16.0", "0.17.0", "0.17.1", "0.17.2", "0.17.3", "0.18.0", "0.19.0", "0.20.0", "0.21.0", "0.22.0"}

// download returns the directory of a version's sources.
func download(t *testing.T, version string) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", patch.Module+"@v"+version)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("%s v%s cannot be had: %s", patch.Module, version, out)
	}
	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(out, &module))
	return module.Dir
}

// TestVersionsCompile patches whole modules as -toolexec does, package by package, and has the plain compiler build them.
func TestVersionsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds ten modules")
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(download(t, version))))
			require.NoError(t, exec.Command("chmod", "-R", "u+w", dir).Run())
			var changed []string
			for _, pkg := range patch.Packages {
				changed = append(changed, patchInPlace(t, filepath.Join(dir, pkg), pkg)...)
			}
			require.Contains(t, changed, "types_linux.go")
			require.Contains(t, changed, "info.go")
			require.Regexp(t, `\brlimit(_linux)?\.go\b`, strings.Join(changed, " "))
			out, err := goCommand(dir, "build", ".", "./link", "./perf", "./ringbuf", "./rlimit").CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
	}
}

// patchInPlace patches the files that the go command would compile and returns their names.
func patchInPlace(t *testing.T, dir, pkg string) (changed []string) {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	out, err := goCommand(dir, "list", "-json=GoFiles", ".").Output()
	require.NoError(t, err)
	var listed struct{ GoFiles []string }
	require.NoError(t, json.Unmarshal(out, &listed))
	var names []string
	for _, name := range listed.GoFiles {
		names = append(names, filepath.Join(dir, name))
	}
	texts, err := patch.Files(pkg, names)
	require.NoError(t, err, pkg)
	for name, text := range texts {
		require.NoError(t, os.WriteFile(name, text, 0o600))
		changed = append(changed, filepath.Base(name))
	}
	return changed
}

// goCommand runs for Linux wherever the test does.
func goCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOWORK=off", "GOFLAGS=-mod=mod", "CGO_ENABLED=0")
	return cmd
}

// What attr points to must be on the heap, where it stays; attr itself must not, or each call would allocate one.
func TestAttrStaysOnTheStack(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(download(t, versions[len(versions)-1]))))
	require.NoError(t, exec.Command("chmod", "-R", "u+w", dir).Run())
	patchInPlace(t, filepath.Join(dir, "internal", "sys"), "internal/sys")
	out, err := goCommand(dir, "build", "-gcflags=-m", "./internal/sys").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NotRegexp(t, `(?m)leaking param: attr$`, string(out))
	require.Regexp(t, `(?m)leaking param content: attr$`, string(out))
}
