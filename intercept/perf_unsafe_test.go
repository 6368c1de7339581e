//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"strconv"
	"testing"
	"unsafe"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var perfing = map[string]func(client){"perfEvents": perfEvents, "perfReader": perfReader, "tracefs": tracefs, "traceProbes": traceProbes}

func TestPerfEvents(t *testing.T) { runScenario(t, "perfEvents", options()) }

// perfEvents opens events that an ordinary user may not open, and attaches a program.
func perfEvents(c client) {
	fd := c.perfOpen(unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: 782}, unix.PERF_FLAG_FD_CLOEXEC)
	text, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	require.NoError(c, err)
	require.Equal(c, "anon_inode:[perf_event]", text)
	insns := [2]uint64{0xb7, 0x95}
	license := [4]byte{'G', 'P', 'L'}
	program := c.check(bpf(bpfsys.ProgLoad{Type: abi.ProgTracepoint, InsnCnt: 2, Insns: addr(&insns), License: addr(&license)}))
	require.NoError(c, unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_SET_BPF, program))
	require.Equal(c, unix.EEXIST, unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_SET_BPF, program))
	require.NoError(c, unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_ENABLE, 0))
	require.Equal(c, unix.ENOTTY, unix.IoctlSetInt(program, unix.PERF_EVENT_IOC_ENABLE, 0))
	query := [4]uint32{2}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.PERF_EVENT_IOC_QUERY_BPF, uintptr(unsafe.Pointer(&query)))
	require.Equal(c, unix.Errno(0), errno)
	require.Equal(c, [2]uint32{2, 1}, [2]uint32(query[:2]))
	require.NotZero(c, query[2])
	query[0] = 0
	_, _, errno = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.PERF_EVENT_IOC_QUERY_BPF, uintptr(unsafe.Pointer(&query)))
	require.Equal(c, unix.Errno(0), errno, "the number alone")
	require.Equal(c, uint32(1), query[1])
	c.inheritsPerfEvent(fd, unix.FD_CLOEXEC)
	c.inheritsPerfEvent(c.perfOpen(unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_BPF_OUTPUT}, 0), 0)
	_, err = unix.PerfEventOpen(&unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: 1 << 40}, -1, 0, -1, 0)
	require.Equal(c, unix.EINVAL, err)
}

func (c client) perfOpen(attr unix.PerfEventAttr, flags int) int {
	fd, err := unix.PerfEventOpen(&attr, -1, 0, -1, flags)
	require.NoError(c, err)
	return fd
}

func (c client) inheritsPerfEvent(fd, want int) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	require.NoError(c, err)
	require.Equal(c, want, flags)
}
