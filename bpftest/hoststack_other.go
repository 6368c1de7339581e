//go:build !linux

package bpftest

import (
	"runtime"

	"github.com/bpfsim/bpfsim/syscall"
)

// stackOf are the program counters of who calls.
func (r *recorder) stackOf(*bpfsys.Process) []uintptr {
	pcs := make([]uintptr, 48)
	return pcs[:runtime.Callers(1, pcs)]
}

func otherThread(*bpfsys.Process) (thread int, other bool) { return 0, false }
