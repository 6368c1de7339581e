//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"encoding/binary"
	"os"
	"runtime"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var talking = map[string]func(client){"netlinkXDP": netlinkXDP, "netlinkReceive": netlinkReceive, "netlinkNumbers": netlinkNumbers}

// Programs are attached by rtnetlink, whoever asks how for the answers.
func TestNetlink(t *testing.T) {
	for name := range talking {
		t.Run(name, func(t *testing.T) {
			t.Run("linux", func(t *testing.T) { runOnLinux(t, name) })
			t.Run("run", func(t *testing.T) { runScenario(t, name, options()) })
		})
	}
}

// rtnetlink opens a socket: on Linux in a network namespace of its own.
func (c client) rtnetlink() int {
	if os.Getenv(onLinuxVar) != "" {
		runtime.LockOSThread()
		require.NoError(c, unix.Unshare(unix.CLONE_NEWNET))
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	require.NoError(c, err)
	require.NoError(c, unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	return fd
}

func attribute(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	return append(binary.NativeEndian.AppendUint16(b, kind), value...)
}

func int32s(all ...int) (b []byte) {
	for _, n := range all {
		b = binary.NativeEndian.AppendUint32(b, uint32(n))
	}
	return b
}

// setXDP is the request to run a program at lo.
func setXDP(seq, program, flags int) []byte {
	xdp := append(attribute(abi.XDPFD, int32s(program)), attribute(abi.XDPFlags, int32s(flags))...)
	body := append(int32s(0, 1, 0, 0), attribute(abi.LinkXDPAttr|unix.NLA_F_NESTED, xdp)...)
	return request(abi.SetLink, unix.NLM_F_ACK, seq, body)
}

func request(kind abi.NetlinkType, flags, seq int, body []byte) []byte {
	return append(int32s(16+len(body), int(kind)|(unix.NLM_F_REQUEST|flags)<<16, seq, 0), body...)
}

// result is the errno in an answer, and the number of the request.
func (c client) result(answer []byte) (unix.Errno, int) {
	require.GreaterOrEqual(c, len(answer), 20)
	require.EqualValues(c, abi.NetlinkError, binary.NativeEndian.Uint16(answer[4:]))
	return unix.Errno(-int32(binary.NativeEndian.Uint32(answer[16:]))), int(binary.NativeEndian.Uint32(answer[8:]))
}

const (
	generic = 2 // XDP_FLAGS_SKB_MODE
	absent  = 1 // XDP_FLAGS_UPDATE_IF_NOEXIST
)

// netlinkXDP sends as libbpf does, and as those do that name the receiver.
func netlinkXDP(c client) {
	fd := c.rtnetlink()
	program, kernel := c.program(abi.ProgXDP, abi.AttachXDP), &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	name, err := unix.Getsockname(fd)
	require.NoError(c, err)
	for i, row := range []struct {
		program, flags int
		want           unix.Errno
	}{
		{program, generic, 0}, {program, generic | absent, unix.EBUSY}, {program, 4, unix.EEXIST}, {fd, generic, unix.EINVAL},
		{9999, generic, unix.EBADF}, {-1, generic, 0}, {-1, generic, 0}, {program, 6, unix.EINVAL}, {program, generic, 0},
	} {
		message := setXDP(100+i, row.program, row.flags)
		switch i % 3 {
		case 0:
			require.NoError(c, unix.Sendto(fd, message, 0, kernel))
		case 1:
			require.NoError(c, unix.Send(fd, message, 0))
		case 2:
			require.NoError(c, unix.Sendmsg(fd, message, nil, kernel, 0))
		}
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, 0)
		require.NoError(c, err)
		require.Equal(c, 1, n, "the answer is there")
		buf := make([]byte, 4096)
		size, from, err := unix.Recvfrom(fd, buf, 0)
		require.NoError(c, err)
		require.Zero(c, from.(*unix.SockaddrNetlink).Pid)
		errno, seq := c.result(buf[:size])
		require.Equal(c, row.want, errno, row)
		require.Equal(c, 100+i, seq)
		require.Equal(c, name.(*unix.SockaddrNetlink).Pid, binary.NativeEndian.Uint32(buf[12:]))
		_, _, err = unix.Recvfrom(fd, buf, 0)
		require.Equal(c, unix.EAGAIN, err, "one answer")
	}
	c.runsXDP(fd, c.programID(program))
	id := c.programID(program)
	c.close(program)
	c.lives(id)
	require.NoError(c, unix.Sendto(fd, setXDP(1, -1, generic), 0, kernel))
	c.gone(id)
}

// runsXDP asks which program runs at lo.
func (c client) runsXDP(fd int, id uint32) {
	require.NoError(c, unix.Sendto(fd, request(abi.GetLink, 0, 7, int32s(0, 1, 0, 0)), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	buf := make([]byte, 1<<16)
	n, _, err := unix.Recvfrom(fd, buf, 0)
	require.NoError(c, err)
	require.EqualValues(c, n, binary.NativeEndian.Uint32(buf))
	require.Contains(c, string(buf[:n]), string(append(attribute(abi.XDPProgID, nil)[2:4], binary.NativeEndian.AppendUint32(nil, id)...)))
}

// netlinkReceive looks at an answer before it takes it, with too little room, with none, and with a control buffer.
func netlinkReceive(c client) {
	fd := c.rtnetlink()
	ask := func() {
		require.NoError(c, unix.Sendto(fd, setXDP(5, 9999, generic), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	}
	ask()
	size, _, err := unix.Recvfrom(fd, nil, unix.MSG_PEEK|unix.MSG_TRUNC)
	require.NoError(c, err)
	require.Equal(c, 16+4+len(setXDP(0, 0, 0)), size, "the request comes back in it")
	buf, control := make([]byte, max(size, 256))[:size], make([]byte, 64)
	for _, flags := range []int{unix.MSG_PEEK, 0} {
		n, ancillary, got, from, err := unix.Recvmsg(fd, buf, control, flags)
		require.NoError(c, err)
		require.Equal(c, size, n)
		require.Zero(c, ancillary)
		require.Zero(c, got)
		require.IsType(c, &unix.SockaddrNetlink{}, from)
		errno, seq := c.result(buf)
		require.Equal(c, unix.EBADF, errno)
		require.Equal(c, 5, seq)
	}
	ask()
	n, _, got, _, err := unix.Recvmsg(fd, buf[:20], nil, 0)
	require.NoError(c, err)
	require.Equal(c, 20, n)
	require.Equal(c, unix.MSG_TRUNC, got)
	require.NoError(c, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1))
	ask()
	_, _, errno := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), 8, 100, 0, 0, 0)
	require.Equal(c, unix.EFAULT, errno)
	_, _, err = unix.Recvfrom(fd, buf, 0)
	require.Equal(c, unix.EAGAIN, err, "it is lost")
	ask()
	size, _, err = unix.Recvfrom(fd, buf, 0)
	require.NoError(c, err)
	require.Equal(c, 16+4+16, size)
	refused, _ := c.result(buf[:size])
	require.Equal(c, unix.EBADF, refused)

	require.NoError(c, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1))
	require.NoError(c, unix.Sendto(fd, setXDP(6, c.program(abi.ProgXDP, abi.AttachXDP), 4), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	buf = buf[:cap(buf)]
	size, _, err = unix.Recvfrom(fd, buf, 0)
	require.NoError(c, err)
	require.Contains(c, string(buf[:size]), "Underlying driver does not support XDP in native mode")
	require.Equal(c, size, int(binary.NativeEndian.Uint32(buf)))
}

// netlinkNumbers: more sockets than there are numbers, closed and opened again, and messages that are not for the kernel.
func netlinkNumbers(c client) {
	nobody := unix.ECONNREFUSED // answers there
	if unix.Geteuid() != 0 {
		nobody = unix.EPERM // only CAP_NET_ADMIN may write to others (netlink_sendmsg)
	}
	fds := []int{c.rtnetlink()}
	for range 99 {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
		require.NoError(c, err)
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		require.NoError(c, err)
		require.Equal(c, unix.FD_CLOEXEC, flags)
		fds = append(fds, fd)
	}
	for _, fd := range fds {
		require.NoError(c, unix.Sendto(fd, request(abi.GetLink, 0, 7, int32s(0, 1, 0, 0)), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
		buf := make([]byte, 1<<16)
		n, _, err := unix.Recvfrom(fd, buf, 0)
		require.NoError(c, err)
		require.EqualValues(c, abi.NewLink, binary.NativeEndian.Uint16(buf[4:]), n)
		require.Equal(c, nobody, unix.Sendto(fd, setXDP(1, -1, 0), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: 1 << 30}))
		c.close(fd)
	}
}
