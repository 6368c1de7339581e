package patch_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/patch"
	"github.com/stretchr/testify/require"
)

// write makes a package of one file and returns its name.
func write(t *testing.T, text string) []string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.go")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return []string{name}
}

const sys = `package sys

func BPF(cmd Cmd, attr unsafe.Pointer, size uintptr) (uintptr, error) {
	r1, _, errNo := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size)
	return r1, errNo
}
`

func TestSystemCall(t *testing.T) {
	names := write(t, sys)
	changed, err := patch.Files("internal/sys", names)
	require.NoError(t, err)
	text := string(changed[names[0]])
	require.True(t, strings.HasPrefix(text, "//line "+names[0]+":1\n"), "positions stay those of the file: %s", text)
	require.Contains(t, text, "r1, errNo := bpfsimAnswer(cmd, attr, size, unix.Syscall)")
	_, err = parser.ParseFile(token.NewFileSet(), "", text, 0)
	require.NoError(t, err)
}

// What is not known must not be missed in silence: the call would reach the kernel.
func TestUnknownShapes(t *testing.T) {
	for what, text := range map[string]string{
		"no function":     "package sys\n",
		"other arguments": strings.Replace(sys, "size uintptr", "size uint32", 1),
		"another call":    strings.Replace(sys, "unix.Syscall(", "unix.RawSyscall(", 1),
		"two calls":       strings.Replace(sys, "return r1", "{\n\tr1, _, errNo := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size)\n\t}\n\treturn r1", 1),
	} {
		_, err := patch.Files("internal/sys", write(t, text))
		require.ErrorContains(t, err, "of a version that is not known", what)
		require.ErrorContains(t, err, "BPFSIM_ROAD=notified", what)
	}
	_, err := patch.Files("internal/unix", write(t, "package unix\n\nfunc Mmap(fd int) error { return nil }\n"))
	require.ErrorContains(t, err, "it has func Mmap(fd int) error, want func Mmap(fd int, offset int64")
	_, err = patch.Files("internal/unix", write(t, "package unix\n"))
	require.ErrorContains(t, err, "internal/unix has no EpollCtl, EpollWait, IoctlSetInt, Mmap, PerfEventOpen, Prlimit, Renameat2, Statfs")
}

// The Go that builds this is one whose own packages can be patched: a new one, whose functions look otherwise, is found here.
func TestGoIsKnown(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	for pkg, want := range map[string][]string{
		"syscall":       {"syscall.go", "syscall_linux.go"},
		"internal/sync": {"mutex.go"},
		"sync":          {"cond.go", "rwmutex.go", "waitgroup.go"},
		"runtime":       {"panic.go", "proc.go", "rand.go", "select.go", "time.go"},
	} {
		names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src", pkg, "*.go"))
		require.NoError(t, err)
		changed, err := patch.Files(pkg, slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, "_test.go") }))
		require.NoError(t, err)
		var files []string
		for name := range changed {
			files = append(files, filepath.Base(name))
		}
		require.ElementsMatch(t, want, files, pkg)
	}
}

// The standard library's twin makes its paths in one place, too.
func TestTwinIsKnown(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		cmd := exec.Command("go", "list", "-f", "{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}} {{end}}", "golang.org/x/sys/unix")
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch)
		names, err := cmd.Output()
		require.NoError(t, err)
		changed, err := patch.Files("golang.org/x/sys/unix", strings.Fields(string(names)))
		require.NoError(t, err)
		var files []string
		for name := range changed {
			files = append(files, filepath.Base(name))
		}
		require.ElementsMatch(t, []string{"syscall.go", "zsyscall_linux_" + arch + ".go"}, files)
	}
}

// Of a Go that is not known nothing is patched, rather than a part.
func TestUnknownGo(t *testing.T) {
	changed, err := patch.Files("runtime", write(t, "package runtime\n\nconst randomizeScheduler = raceenabled\n\nfunc newproc(fn *funcval) {}\n"))
	require.NoError(t, err)
	require.Empty(t, changed)
}

func TestBelow(t *testing.T) {
	for path, want := range map[string]string{
		"github.com/cilium/ebpf":              "",
		"github.com/cilium/ebpf/internal/sys": "internal/sys",
		"github.com/cilium/ebpf/internal/sys [github.com/cilium/ebpf/internal.test]": "internal/sys",
		"github.com/cilium/ebpf/rlimit":                                              "rlimit",
		"github.com/cilium/ebpf/ringbuf":                                             "no",
		"github.com/cilium/ebpfsomething":                                            "no",
		"github.com/cilium/cilium":                                                   "no",
		"syscall":                                                                    "syscall",
		"golang.org/x/sys/unix":                                                      "golang.org/x/sys/unix",
		"golang.org/x/sys/windows":                                                   "no",
		"runtime":                                                                    "runtime",
		"internal/sync":                                                              "internal/sync",
		"runtime/debug":                                                              "no",
		"":                                                                           "no",
	} {
		pkg, ours := patch.Below(path)
		if !ours {
			pkg = "no"
		}
		require.Equal(t, want, pkg, path)
	}
}

// The compiler's version is what keeps patched and plain packages apart in the build cache.
func TestVersionTellsOfThePatch(t *testing.T) {
	goroot, err := exec.Command("go", "env", "GOTOOLDIR").Output()
	require.NoError(t, err)
	compile := filepath.Join(strings.TrimSpace(string(goroot)), "compile")
	plain, err := exec.Command(compile, "-V=full").Output()
	require.NoError(t, err)
	var out strings.Builder
	status, err := patch.Exec([]string{compile, "-V=full"}, &out, &out)
	require.NoError(t, err)
	require.Zero(t, status)
	require.Equal(t, strings.TrimSpace(string(plain))+"+bpfsim-"+patch.ID()+"\n", out.String())
}

// What a patch cannot reach fails the build.
func TestLibbpfgoIsRefused(t *testing.T) {
	t.Setenv("TOOLEXEC_IMPORTPATH", "github.com/aquasecurity/libbpfgo")
	var out strings.Builder
	status, err := patch.Exec([]string{"compile", "-o", "x.a", "file.go"}, &out, &out)
	require.ErrorContains(t, err, "it calls bpf(2) from C, which is not patched")
	require.Equal(t, 1, status)
}

// Tools that are not the compiler, and packages that are not patched, are run as they are, with their status.
func TestOthersAreRunAsTheyAre(t *testing.T) {
	var out strings.Builder
	status, err := patch.Exec([]string{"go", "version"}, &out, &out)
	require.NoError(t, err)
	require.Zero(t, status)
	require.Contains(t, out.String(), "go version ")
	status, err = patch.Exec([]string{"go", "no-such-command"}, &out, &out)
	require.NoError(t, err)
	require.Equal(t, 2, status)
	_, err = patch.Exec(nil, &out, &out)
	require.ErrorContains(t, err, "no tool to run")
}

func Example() {
	pkg, ours := patch.Below("github.com/cilium/ebpf/internal/sys")
	fmt.Println(pkg, ours)
	// Output: internal/sys true
}

// For other systems than Linux, where cilium/ebpf refuses all calls by itself, it is built as it is.
func TestOtherSystemsAreNotPatched(t *testing.T) {
	dir := t.TempDir()
	compile := filepath.Join(dir, "compile")
	require.NoError(t, os.WriteFile(compile, []byte("#!/bin/sh\necho \"$@\"\n"), 0o700))
	t.Setenv("TOOLEXEC_IMPORTPATH", patch.Module+"/internal/sys")
	names := write(t, sys)
	for system, patched := range map[string]bool{"": true, "linux": true, "darwin": false, "windows": false} {
		t.Setenv("GOOS", system)
		var out strings.Builder
		status, err := patch.Exec([]string{compile, names[0]}, &out, &out)
		require.NoError(t, err)
		require.Zero(t, status)
		require.Equal(t, patched, strings.TrimSpace(out.String()) != names[0], system)
	}
}
