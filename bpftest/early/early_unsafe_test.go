//go:build linux && (amd64 || arm64)

package early_test

import (
	"fmt"
	"os"
	"testing"
	"unsafe"

	"github.com/bpfsim/bpfsim/bpftest"
	_ "github.com/bpfsim/bpfsim/bpftest/early"
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

// firstName tells the second process what the first one's call got.
const firstName = "BPFSIM_TEST_EARLY"

func TestMain(m *testing.M) {
	if os.Getenv(firstName) == "" {
		os.Setenv(firstName, fmt.Sprint(int(errno)))
	}
	bpftest.Main(m)
}

// Of the two processes the first, which nobody answers, does not reach the host's kernel; the second is answered from its start on.
func TestCallsOfInit(t *testing.T) {
	require.Equal(t, fmt.Sprint(int(unix.ENOSYS)), os.Getenv(firstName))
	require.Equal(t, unix.EBADF, errno)
	require.Equal(t, unix.EBADF, freeze())
}
