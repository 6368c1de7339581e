//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var filtering = map[string]func(client){"socketOptions": socketOptions, "socketLifetime": socketLifetime, "socketFilters": socketFilters}

// Programs are attached to sockets, refused and detached as on Linux.
func TestSocketOptions(t *testing.T) {
	for name := range filtering {
		t.Run(name, func(t *testing.T) {
			t.Run("linux", func(t *testing.T) { runOnLinux(t, name) })
			t.Run("run", func(t *testing.T) { runScenario(t, name, options()) })
		})
	}
}

// program loads one that returns 1.
func (c client) program(kind abi.ProgType, at abi.AttachType) int {
	insns, license := [2]uint64{1<<32 | 0xb7, 0x95}, [4]byte{'G', 'P', 'L'}
	return c.check(bpf(bpfsys.ProgLoad{Type: kind, AttachType: at, InsnCnt: 2, Insns: addr(&insns), License: addr(&license)}))
}

func (c client) filter() int { return c.program(abi.ProgSocketFilter, 0) }

func (c client) selector() int { return c.program(abi.ProgSKReuseport, abi.AttachSKReuseportSelect) }

// option is setsockopt(2) with value as an int.
func (c client) option(fd int, option abi.SocketOption, value int) unix.Errno {
	return c.optionAt(fd, option, addr(&[2]int32{int32(value)}), 4)
}

func (c client) optionAt(fd int, option abi.SocketOption, at uint64, length int) unix.Errno {
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, uintptr(option), uintptr(at), uintptr(length), 0)
	return errno
}

// socketOptions: which socket takes which program, and what is wrong with others.
func socketOptions(c client) {
	filter, selector, xdp := c.filter(), c.selector(), c.program(abi.ProgXDP, abi.AttachXDP)
	udp, hashed, unhashed := c.bound(unix.SOCK_DGRAM, false), c.bound(unix.SOCK_DGRAM, true), c.bound(unix.SOCK_STREAM, true)
	listening := c.bound(unix.SOCK_STREAM, true)
	require.NoError(c, unix.Listen(listening, 1))
	fresh := c.socket(unix.AF_INET6, unix.SOCK_DGRAM)
	require.NoError(c, unix.SetsockoptInt(fresh, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	datagrams, messages := c.socket(unix.AF_UNIX, unix.SOCK_DGRAM), c.socket(unix.AF_NETLINK, unix.SOCK_RAW)
	for _, wrong := range []int{xdp, c.create(abi.Hash, 4, 1), int(c.reading("/dev/null"))} {
		require.Equal(c, unix.EINVAL, c.option(udp, abi.SocketAttachBPF, wrong))
		require.Equal(c, unix.EINVAL, c.option(hashed, abi.SocketAttachReuseportEBPF, wrong))
	}
	require.Equal(c, unix.EINVAL, c.option(udp, abi.SocketAttachBPF, selector))
	for option := range map[abi.SocketOption]bool{abi.SocketAttachBPF: true, abi.SocketAttachReuseportEBPF: true} {
		require.Equal(c, unix.EBADF, c.option(hashed, option, 9999))
		require.Equal(c, unix.EBADF, c.option(hashed, option, -1))
		require.Equal(c, unix.EBADF, c.option(9999, option, filter))
		require.Equal(c, unix.ENOTSOCK, c.option(filter, option, filter))
		require.Equal(c, unix.EFAULT, c.optionAt(hashed, option, 8, 4))
		for _, length := range []int{-1, 0, 3, 5, 8} {
			require.Equal(c, unix.EINVAL, c.optionAt(hashed, option, addr(&[2]int32{int32(filter)}), length), length)
		}
	}
	for _, row := range []struct {
		socket           int
		filter, selector unix.Errno
	}{
		{udp, unix.EINVAL, unix.EINVAL}, {hashed, 0, 0}, {unhashed, 0, 0}, {listening, 0, 0}, {fresh, 0, 0},
		{datagrams, unix.EINVAL, unix.Errno(abi.ENOTSUPP)}, {messages, unix.EINVAL, unix.Errno(abi.ENOTSUPP)},
	} {
		require.Zero(c, c.option(row.socket, abi.SocketAttachBPF, filter))
		require.Equal(c, row.filter, c.option(row.socket, abi.SocketAttachReuseportEBPF, filter), row)
		require.Equal(c, row.selector, c.option(row.socket, abi.SocketAttachReuseportEBPF, selector), row)
		require.Zero(c, c.option(row.socket, abi.SocketDetachFilter, 0))
		require.Equal(c, unix.ENOENT, c.option(row.socket, abi.SocketDetachFilter, 0))
		require.Equal(c, row.filter, c.option(row.socket, abi.SocketDetachReuseportBPF, 0), row)
		if row.filter == 0 {
			require.Equal(c, unix.ENOENT, c.option(row.socket, abi.SocketDetachReuseportBPF, 0))
		}
	}
	require.Zero(c, c.option(udp, abi.SocketAttachBPF, filter))
	require.NoError(c, unix.SetsockoptInt(udp, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1))
	for _, option := range abi.SocketOptions[:3] {
		require.Equal(c, unix.EPERM, c.option(udp, option, 9999), option)
	}
	require.Equal(c, unix.EINVAL, c.option(udp, abi.SocketDetachReuseportBPF, 0))
}

// gone waits until no program has that id: Linux frees those of sockets later.
func (c client) gone(id uint32) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		fd, errno := bpf(bpfsys.ProgGetFDByID{ID: id})
		if errno == unix.ENOENT {
			return
		}
		require.Zero(c, errno)
		c.close(fd)
		require.True(c, time.Now().Before(deadline), "program %d lives", id)
	}
}

func (c client) lives(id uint32) {
	c.close(c.check(bpf(bpfsys.ProgGetFDByID{ID: id})))
}

func (c client) programID(fd int) uint32 {
	info := make([]byte, 256)
	c.check(bpf(bpfsys.ObjGetInfoByFD{FD: int32(fd), InfoLen: uint32(len(info)), Info: addr(&info[0])}))
	return uint32(info[4]) | uint32(info[5])<<8 | uint32(info[6])<<16 | uint32(info[7])<<24
}

// attachedTo attaches a program that has no fd any more.
func (c client) attachedTo(fd int, option abi.SocketOption, program int) uint32 {
	id := c.programID(program)
	require.Zero(c, c.option(fd, option, program))
	c.close(program)
	c.lives(id)
	return id
}

// socketLifetime: a program lives as long as it is attached, and as a socket has a fd.
func socketLifetime(c client) {
	fd := c.bound(unix.SOCK_DGRAM, true)
	first := c.attachedTo(fd, abi.SocketAttachBPF, c.filter())
	second := c.attachedTo(fd, abi.SocketAttachBPF, c.filter())
	c.gone(first)
	chosen := c.attachedTo(fd, abi.SocketAttachReuseportEBPF, c.selector())
	require.Zero(c, c.option(fd, abi.SocketDetachFilter, 0))
	c.gone(second)
	c.lives(chosen)

	name, err := unix.Getsockname(fd)
	require.NoError(c, err)
	other := c.socket(unix.AF_INET, unix.SOCK_DGRAM)
	require.NoError(c, unix.SetsockoptInt(other, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	require.NoError(c, unix.Bind(other, name))
	third := c.attachedTo(other, abi.SocketAttachReuseportEBPF, c.filter())
	c.gone(chosen)
	require.Zero(c, c.option(fd, abi.SocketDetachReuseportBPF, 0), "through another socket of the group")
	c.gone(third)

	last := c.attachedTo(other, abi.SocketAttachBPF, c.filter())
	child := exec.Command("/bin/sleep", "1000")
	copied, err := unix.Dup(other)
	require.NoError(c, err)
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(copied), "socket")}
	require.NoError(c, child.Start())
	c.close(copied)
	c.close(other)
	c.lives(last)
	require.NoError(c, child.Process.Kill())
	_ = child.Wait()
	c.gone(last)
}

// socketFilters: a program takes the place of a classic one, which drops all here.
func socketFilters(c client) {
	fd := c.bound(unix.SOCK_DGRAM, false)
	drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}
	require.NoError(c, unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop}))
	name, err := unix.Getsockname(fd)
	require.NoError(c, err)
	insns, license := [2]uint64{0xffffffff<<32 | 0xb7, 0x95}, [4]byte{'G', 'P', 'L'} // takes whole packets
	program := c.check(bpf(bpfsys.ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: addr(&insns), License: addr(&license)}))
	require.Zero(c, c.option(fd, abi.SocketAttachBPF, program))
	require.NoError(c, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}))
	require.NoError(c, unix.Sendto(fd, []byte("x"), 0, name))
	n, err := unix.Read(fd, make([]byte, 8))
	require.NoError(c, err)
	require.Equal(c, 1, n)
	require.Zero(c, c.option(fd, abi.SocketDetachFilter, 0))
	require.Equal(c, unix.ENOENT, c.option(fd, abi.SocketDetachFilter, 0))
}
