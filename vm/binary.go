package vm

import (
	"context"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Static reports whether the file at path is a binary for x86-64 Linux that needs no loader and no shared library,
// as /init of a guest must be.
func Static(path string) bool {
	file, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	if file.Machine != elf.EM_X86_64 {
		return false
	}
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}

// Build builds a static binary of a Go package into dir and returns its path. It needs the go command, to be run where
// the package's module is.
func Build(ctx context.Context, dir, pkg string) (string, error) {
	path := filepath.Join(dir, "init")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}

// Self returns the path of this program as a static binary: its own file where that is one, else what Build makes of
// pkg in dir.
func Self(ctx context.Context, dir, pkg string) (string, error) {
	if path, err := os.Executable(); err == nil && runtime.GOOS == "linux" && Static(path) {
		return path, nil
	}
	return Build(ctx, dir, pkg)
}
