package patch

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Exec runs a tool of Go's as the program of -toolexec has to, and returns its exit status.
func Exec(args []string, stdout, stderr io.Writer) (status int, err error) {
	if len(args) == 0 {
		return 1, errors.New("no tool to run: this is for go build -toolexec")
	}
	switch toolName(args[0]) {
	case "compile":
	case "link":
		if args, err = linkArgs(args); err != nil {
			return 1, err
		}
		return run(args, stdout, stderr)
	default:
		return run(args, stdout, stderr)
	}
	if len(args) == 2 && args[1] == "-V=full" {
		return tellVersion(args, stdout, stderr)
	}
	args, remove, err := patchArgs(args, os.Getenv("TOOLEXEC_IMPORTPATH"))
	if err != nil {
		return 1, err
	}
	defer remove()
	return run(args, stdout, stderr)
}

func toolName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".exe") }

func run(args []string, stdout, stderr io.Writer) (int, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, fmt.Errorf("run %s: %w", toolName(args[0]), err)
	}
	return 0, nil
}

// tellVersion says which compiler this is, with the patch: the go command then keeps what both have made apart in its cache.
func tellVersion(args []string, stdout, stderr io.Writer) (int, error) {
	var out bytes.Buffer
	status, err := run(args, &out, stderr)
	if status == 0 && err == nil {
		_, err = fmt.Fprintf(stdout, "%s+bpfsim-%s\n", bytes.TrimSpace(out.Bytes()), ID())
	}
	return status, err
}

//go:embed *.go
var own embed.FS

// ID stands for all that decides what is patched and how.
func ID() string {
	h := sha256.New()
	entries, _ := own.ReadDir(".")
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		text, _ := own.ReadFile(e.Name())
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// patchArgs replaces files of a patched package among the compiler's arguments. The function it returns removes their copies.
func patchArgs(args []string, importPath string) (patched []string, remove func(), err error) {
	none := func() {}
	if other, found := refused[importPath]; found {
		return nil, none, fmt.Errorf("%s: %s", importPath, other)
	}
	pkg, ours := Below(importPath)
	if !ours || otherSystem() {
		return args, none, nil
	}
	var names []string
	for _, a := range args {
		if strings.HasSuffix(a, ".go") && !strings.HasPrefix(a, "-") {
			names = append(names, a)
		}
	}
	changed, err := Files(pkg, names)
	if err != nil || len(changed) == 0 {
		return args, none, err
	}
	dir, err := os.MkdirTemp("", "bpfsim-patch-")
	if err != nil {
		return nil, none, fmt.Errorf("make directory of patched files: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	patched = append(patched, args...)
	for i, a := range patched {
		text, ok := changed[a]
		if !ok {
			continue
		}
		patched[i] = filepath.Join(dir, filepath.Base(a))
		if err := os.WriteFile(patched[i], text, 0o600); err != nil {
			remove()
			return nil, none, fmt.Errorf("write patched file: %w", err)
		}
	}
	return patched, remove, nil
}

// otherSystem tells that the go command, which says so, builds for a system on which calls are no Linux's: cilium/ebpf itself refuses them there.
func otherSystem() bool {
	system := os.Getenv("GOOS")
	return system != "" && system != "linux"
}

// refused are packages whose calls a patch cannot reach.
var refused = map[string]string{
	"github.com/aquasecurity/libbpfgo": "it calls bpf(2) from C, which is not patched: run its tests by plain go test with bpftest.Main, or under bpfsim run",
}
