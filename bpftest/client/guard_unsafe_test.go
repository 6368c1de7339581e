package client

import (
	"os"
	"os/exec"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// rawBPF is bpf(2) as a program makes it that does not use the library: BPF_MAP_CREATE of an array.
func rawBPF() (int, unix.Errno) {
	attr := [5]uint32{2, 4, 8, 1}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, 0, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	return int(fd), errno
}

const rawName = "BPFSIM_TEST_RAW"

func init() {
	if os.Getenv(rawName) != "" {
		_, errno := rawBPF()
		os.Exit(int(errno))
	}
}

// Nothing reaches the kernel by other ways, neither from here nor from programs that are started.
func TestNothingReachesTheKernel(t *testing.T) {
	want := unix.Errno(0)
	if patched() {
		want = unix.ENOSYS
	}
	fd, errno := rawBPF()
	require.Equal(t, want, errno)
	if errno == 0 {
		require.NoError(t, unix.Close(fd))
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), rawName+"=1")
	_ = cmd.Run()
	require.Equal(t, int(want), cmd.ProcessState.ExitCode())
}
