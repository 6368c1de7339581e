package vm

import (
	"debug/elf"
	"fmt"
	"os"
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

// Self is the path of this program, to be run in a guest. The error says why it cannot be.
func Self() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	if runtime.GOOS != "linux" || !Static(path) {
		return "", fmt.Errorf("%s cannot run in a guest, which has no shared libraries: want a static binary for x86-64 Linux; "+
			"build bpfsim with CGO_ENABLED=0", path)
	}
	return path, nil
}
