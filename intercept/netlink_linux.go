//go:build linux && (amd64 || arm64)

package intercept

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// netlink answers what has to do with programs among the messages to rtnetlink(7) and its answers.
func (c *call) netlink() bool {
	a := &c.Args
	switch c.Number {
	case unix.SYS_SOCKET:
		return c.openNetlink(int(a[1]))
	case unix.SYS_SENDTO:
		return c.sendNetlink(int32(a[0]), message{name: a[4], nameLen: uint32(a[5]), pieces: []piece{{a[1], a[2]}}})
	case unix.SYS_RECVFROM:
		return c.receiveNetlink(int32(a[0]), int(a[3]), &message{name: a[4], lengthAt: a[5], pieces: []piece{{a[1], a[2]}}})
	case unix.SYS_SENDMSG:
		m, ok := c.messageAt(a[1])
		return ok && c.sendNetlink(int32(a[0]), m)
	case unix.SYS_RECVMSG:
		m, ok := c.messageAt(a[1])
		return ok && c.receiveNetlink(int32(a[0]), int(a[2]), &m)
	}
	return false
}

// openNetlink makes a socket under one of the numbers that are looked at. Where the caller is in another network namespace than this
// process, it gets an ordinary one of the host's.
func (c *call) openNetlink(kind int) bool {
	if c.OwnNetNS() != netNSOf("/proc/self") {
		return false
	}
	source, err := unix.Socket(unix.AF_NETLINK, kind|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return false
	}
	defer unix.Close(source)
	fd, errno := c.giveWatched(source, uint32(kind&unix.SOCK_CLOEXEC))
	c.answer(int64(fd), errno)
	return true
}

// borrowNetlink duplicates a socket of rtnetlink of the caller's.
func (c *call) borrowNetlink(fd int32) (socket int, is bpfsys.NetlinkSocket, ok bool) {
	if !c.caller().usable(fd) {
		return -1, is, false
	}
	socket, err := c.caller().borrow(fd)
	if err != nil {
		return -1, is, false
	}
	family, _ := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_DOMAIN)
	protocol, _ := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	name, _ := unix.Getsockname(socket)
	at, isNetlink := name.(*unix.SockaddrNetlink)
	if family != unix.AF_NETLINK || protocol != unix.NETLINK_ROUTE || !isNetlink {
		unix.Close(socket)
		return -1, is, false
	}
	capped, _ := unix.GetsockoptInt(socket, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK)
	texts, _ := unix.GetsockoptInt(socket, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK)
	return socket, bpfsys.NetlinkSocket{Port: at.Pid, Capped: capped != 0, Texts: texts != 0}, true
}

// sendNetlink answers a message to the kernel.
func (c *call) sendNetlink(fd int32, m message) bool {
	if !c.toKernel(m) {
		return false
	}
	socket, from, ok := c.borrowNetlink(fd)
	if !ok {
		return false
	}
	defer unix.Close(socket)
	datagram, ok := c.read(m)
	if !ok {
		return false
	}
	c.supervisor.objects.sweep()
	process := c.process()
	kernel := c.kernel()
	answer := kernel.Netlink(&maps.Task{}, &process, from, datagram)
	c.dropObjects()
	for _, reply := range answer.Replies {
		if err := enqueue(socket, from, reply); err != nil {
			c.answer(0, errnoOf(err))
			return true
		}
	}
	if answer.Host {
		return false
	}
	c.recorders.beside(kernel, "netlink")
	c.answer(int64(len(datagram)), 0)
	return true
}

// receiveNetlink hands over what is in the socket's queue where it is ours or says something about ours. flags are those of the call.
func (c *call) receiveNetlink(fd int32, flags int, m *message) bool {
	socket, _, ok := c.borrowNetlink(fd)
	if !ok {
		return false
	}
	defer unix.Close(socket)
	datagram, ours := c.peek(socket)
	if !ours {
		return false
	}
	if flags&unix.MSG_PEEK == 0 {
		_, _, _ = unix.Recvfrom(socket, make([]byte, wrapped), unix.MSG_DONTWAIT)
	}
	n, errno := c.deliver(m, datagram)
	if flags&unix.MSG_TRUNC != 0 {
		n = len(datagram)
	}
	c.answer(int64(n), errno)
	return true
}

// peek returns the next datagram of a socket unless it is just the host's. It asks for no more bytes than there are: the kernel makes
// the parts of a long answer as large as the largest buffer that it saw.
func (c *call) peek(socket int) (datagram []byte, ours bool) {
	var head [wrapped]byte
	n, _, err := unix.Recvfrom(socket, head[:], unix.MSG_PEEK|unix.MSG_TRUNC|unix.MSG_DONTWAIT)
	if err != nil || n < len(head) {
		return nil, false
	}
	whole := make([]byte, n)
	if _, _, err := unix.Recvfrom(socket, whole, unix.MSG_PEEK|unix.MSG_DONTWAIT); err != nil {
		return nil, false
	}
	if reply, ok := unwrap(whole); ok {
		return reply, true
	}
	process := c.process()
	return c.kernel().NetlinkReply(&process, whole)
}

// A datagram of ours comes from the kernel as all others do, so that whoever waits for one is woken up: as the payload of a request of a
// type that rtnetlink does not know, which it sends back with an error in front. wrapped is what is around it, in bytes.
const (
	unknownType = 0x7bf5
	wrapped     = unix.NLMSG_HDRLEN + 4 + unix.NLMSG_HDRLEN
)

// enqueue puts a datagram into the receive queue of a socket.
func enqueue(socket int, is bpfsys.NetlinkSocket, reply []byte) error {
	le := binary.NativeEndian
	request := le.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(reply)))
	request = le.AppendUint16(request, unknownType)
	request = le.AppendUint16(request, unix.NLM_F_REQUEST)
	request = append(request, reply[8:16]...) // the number and the port
	request = append(request, reply...)
	if is.Capped { // the request would not be sent back
		_ = unix.SetsockoptInt(socket, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 0)
		defer func() { _ = unix.SetsockoptInt(socket, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1) }()
	}
	return unix.Sendto(socket, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// unwrap is the datagram that enqueue was given.
func unwrap(datagram []byte) (reply []byte, ok bool) {
	le := binary.NativeEndian
	if le.Uint16(datagram[4:]) != unix.NLMSG_ERROR || le.Uint16(datagram[wrapped-unix.NLMSG_HDRLEN+4:]) != unknownType {
		return nil, false
	}
	size := le.Uint32(datagram[wrapped-unix.NLMSG_HDRLEN:])
	if end := uint64(wrapped) - unix.NLMSG_HDRLEN + uint64(size); size >= unix.NLMSG_HDRLEN && end <= uint64(len(datagram)) {
		return datagram[wrapped:end], true
	}
	return nil, false
}
