//go:build linux && (amd64 || arm64)

package early_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"unsafe"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/bpftest/early"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// errno is what a call gets that is made as the package is initialised.
var errno = freeze()

// freeze is BPF_MAP_FREEZE of no fd: EBADF where somebody answers.
func freeze() unix.Errno {
	const mapFreeze = 22
	attr := [1]int32{-1}
	_, _, errno := unix.Syscall(unix.SYS_BPF, mapFreeze, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	return errno
}

// Names by which the first process tells the second.
const (
	firstName = "BPFSIM_TEST_EARLY"   // what its call got
	toldName  = "BPFSIM_TEST_TOLD"    // what a process without Main says
	aloneName = "BPFSIM_TEST_NO_MAIN" // which this begins
)

func TestMain(m *testing.M) {
	if os.Getenv(aloneName) != "" {
		fmt.Println("freeze:", freeze())
		os.Exit(0)
	}
	if os.Getenv(firstName) == "" {
		os.Setenv(firstName, fmt.Sprint(int(errno)))
		early.Leave() // or they would be answered by this process
		os.Setenv(toldName, alone())
	}
	bpftest.Main(m)
}

// alone runs this program anew, without Main.
func alone() (out string) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), aloneName+"=1")
	text, err := cmd.CombinedOutput()
	return fmt.Sprint(string(text), err)
}

// Of the two processes the first, which nobody answers, does not reach the host's kernel; the second is answered from its start on.
func TestCallsOfInit(t *testing.T) {
	require.Equal(t, fmt.Sprint(int(unix.ENOSYS)), os.Getenv(firstName))
	require.Equal(t, unix.EBADF, errno)
	require.Equal(t, unix.EBADF, freeze())
}

// Who ends for want of BPF is told why, by the line that has called. Without Main nothing answers.
func TestTellsWhoCalls(t *testing.T) {
	out := os.Getenv(toldName)
	require.Contains(t, out, "bpf(2) is answered with ENOSYS before bpftest.Main")
	require.Regexp(t, `(?m)^bpftest: bpf\(2\) command 22 of \S+/bpftest/early_test\.freeze at \S+early_unsafe_test\.go:\d+ is answered with ENOSYS$`, out)
	require.Contains(t, out, "freeze: function not implemented")
	require.Contains(t, out, "BPFSIM_ROAD=host")
}
