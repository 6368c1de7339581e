package client

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestClosedMapIsGone(t *testing.T) {
	bpftest.Kernel(t)
	m := flows(t, 1)
	info, err := m.Info()
	require.NoError(t, err)
	id, ok := info.ID()
	require.True(t, ok)
	clone, err := m.Clone()
	require.NoError(t, err)
	require.NoError(t, m.Close())
	require.ErrorIs(t, m.Lookup(uint32(0), new(uint64)), unix.EBADF)
	again, err := ebpf.NewMapFromID(id)
	require.NoError(t, err, "the clone keeps it")
	require.NoError(t, again.Lookup(uint32(0), new(uint64)))
	require.NoError(t, again.Close())
	require.NoError(t, clone.Close())
	_, err = ebpf.NewMapFromID(id)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Whoever closes a fd behind the library's back: what takes its number is no map, and a map that does is another one.
func TestClosedBehindTheBack(t *testing.T) {
	bpftest.Kernel(t, bpftest.AllowLeaks())
	for name, shut := range map[string]func(fd int) error{
		"unix":  unix.Close,
		"os":    func(fd int) error { return os.NewFile(uintptr(fd), "").Close() },
		"dup3":  func(fd int) error { return unix.Dup3(0, fd, unix.O_CLOEXEC) },
		"range": func(fd int) error { return unix.CloseRange(uint(fd), uint(fd), 0) },
		"syscall": func(fd int) error {
			_, _, errno := unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
			return errnoError(errno)
		},
	} {
		m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 2})
		require.NoError(t, err)
		require.NoError(t, m.Put(uint32(1), uint64(10)), name)
		fd := m.FD()
		require.NoError(t, shut(fd), name)
		want := unix.EBADF
		if name == "dup3" {
			want = unix.EINVAL
		}
		require.ErrorIs(t, m.Lookup(uint32(1), new(uint64)), want, name)
		other, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2})
		require.NoError(t, err)
		if other.FD() != fd { // the lowest number that is free
			require.NoError(t, unix.Dup3(other.FD(), fd, unix.O_CLOEXEC), name)
		}
		value := uint64(1)
		require.NoError(t, m.Lookup(uint32(1), &value), name)
		require.Zero(t, value, "%s: of the array", name)
		_, _ = m.Close(), other.Close() // at once: later the number is somebody else's
	}
}

func errnoError(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// An O_PATH fd is not open for what a map is for.
func TestPathFD(t *testing.T) {
	bpftest.Kernel(t)
	m := flows(t, 1)
	require.NoError(t, m.Lookup(uint32(0), new(uint64)))
	fd, err := unix.Open("/proc/self/fd/"+strconv.Itoa(m.FD()), unix.O_PATH|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	_, err = ebpf.NewMapFromFD(fd) // which takes the fd over, and asks for the map's info
	require.ErrorIs(t, err, unix.EBADFD)
}

func TestPins(t *testing.T) {
	bpftest.Kernel(t)
	m := flows(t, 1)
	path := filepath.Join(bpffs(), "flows")
	require.NoError(t, m.Pin(path))
	require.ErrorIs(t, flows(t, 1).Pin(path), os.ErrExist)
	moved := filepath.Join(bpffs(), "moved")
	require.NoError(t, m.Pin(moved))
	require.True(t, m.IsPinned())
	require.NoError(t, m.Close())
	again, err := ebpf.LoadPinnedMap(moved, nil)
	require.NoError(t, err)
	defer again.Close()
	require.NoError(t, again.Lookup(uint32(0), new(uint64)))
	require.NoError(t, again.Unpin())
	_, err = ebpf.LoadPinnedMap(moved, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoFileExists(t, filepath.Join(os.Getenv("BPFSIM_BPFFS"), "moved"))
}

// bpffs is where hosts have it, as programs say it.
func bpffs() string {
	if patched() {
		return "/sys/fs/bpf"
	}
	return os.Getenv("BPFSIM_BPFFS")
}

func TestPinElsewhere(t *testing.T) {
	bpftest.Kernel(t)
	require.ErrorContains(t, flows(t, 1).Pin(filepath.Join(t.TempDir(), "flows")), "is not on a bpf filesystem")
}

// Fds are inherited by programs that are executed, as any fd.
func TestInherited(t *testing.T) {
	bpftest.Kernel(t)
	m := flows(t, 1)
	dup, err := unix.FcntlInt(uintptr(m.FD()), unix.F_DUPFD_CLOEXEC, 3)
	require.NoError(t, err)
	file := os.NewFile(uintptr(dup), "map")
	defer file.Close()
	cmd := exec.Command("ls", "/proc/self/fd/3")
	cmd.ExtraFiles = []*os.File{file}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestInfo(t *testing.T) {
	bpftest.Kernel(t)
	m := flows(t, 3)
	info, err := m.Info()
	require.NoError(t, err)
	require.Equal(t, "flows", info.Name)
	memlock, ok := info.Memlock()
	require.True(t, ok, "from fdinfo")
	require.NotZero(t, memlock)
	require.Equal(t, 4, ebpf.MustPossibleCPU(), "of bpftest.CPUs")
}
