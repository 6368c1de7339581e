package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// SetSocketOption are the arguments of setsockopt(2) at the level SOL_SOCKET.
type SetSocketOption struct {
	FD     int32
	Option abi.SocketOption
	Value  uint64 // its address
	Length int32
}

// SetSocketOption is setsockopt(2) of an option that has to do with programs. ours is false where the host has to answer: it has no
// such option here, or nothing of ours is attached that could be detached.
func (k *Kernel) SetSocketOption(t *maps.Task, p *Process, args SetSocketOption) (errno abi.Errno, ours bool) {
	c := k.begin(t, p)
	defer c.end()
	s, errno := c.proc.host().Socket(args.FD)
	if errno != abi.OK {
		return errno, true
	}
	switch args.Option {
	case abi.SocketAttachBPF, abi.SocketAttachReuseportEBPF:
		return c.attachSocket(&s, args), true
	case abi.SocketDetachFilter:
		return c.detachSocket(&s, s.filterPoint(), args)
	case abi.SocketDetachReuseportBPF:
		return c.detachSocket(&s, c.groupPoint(&s), args)
	}
	return abi.OK, false
}

// attachSocket follows sk_attach_bpf and sk_reuseport_attach_bpf in net/core/filter.c.
func (c *call) attachSocket(s *Socket, args SetSocketOption) abi.Errno {
	fd, errno := c.socketOption(args)
	switch {
	case errno != abi.OK:
		return errno
	case s.Locked:
		return abi.EPERM
	}
	p, errno := c.program(fd)
	if errno != abi.OK {
		return errno
	}
	point := s.filterPoint()
	if args.Option == abi.SocketAttachReuseportEBPF {
		point, errno = c.groupPoint(s), s.mayGroup(p)
	} else {
		errno = invalidUnless(p.kind == abi.ProgSocketFilter)
	}
	if errno != abi.OK {
		p.Release()
		return errno
	}
	c.kernel.hooks.putOnSocket(point, p, s.Closed)
	return abi.OK
}

// socketOption reads a value: any option has at least the size of an int, and these have just that (sk_setsockopt in net/core/sock.c).
func (c *call) socketOption(args SetSocketOption) (int32, abi.Errno) {
	var raw [4]byte
	if args.Length < int32(len(raw)) {
		return 0, abi.EINVAL
	}
	errno := c.copyIn(raw[:], args.Value)
	if errno == abi.OK && args.Length > int32(len(raw)) {
		errno = abi.EINVAL
	}
	return int32(binary.NativeEndian.Uint32(raw[:])), errno
}

// detachSocket leaves it to the host where nothing of ours is attached.
func (c *call) detachSocket(s *Socket, point Point, args SetSocketOption) (errno abi.Errno, ours bool) {
	switch {
	case args.Length < 4, c.copyIn(make([]byte, 4), args.Value) != abi.OK:
		return abi.OK, false
	case s.Locked && args.Option == abi.SocketDetachFilter:
		return abi.EPERM, true
	}
	return abi.OK, c.kernel.hooks.leaveSocket(point)
}

// filterPoint is where a socket's filter is.
func (s *Socket) filterPoint() Point { return Point{At: abi.NumAttachTypes, Socket: s.Cookie} }

// groupPoint is where the program of a group of SO_REUSEPORT is: at the group as soon as the socket is in one, and at the socket
// if it was attached before.
func (c *call) groupPoint(s *Socket) Point {
	own := Point{At: abi.AttachSKReuseportSelect, Socket: s.Cookie}
	group := Point{At: abi.AttachSKReuseportSelect, NetNS: c.proc.host().OwnNetNS(), Name: s.Group}
	h := &c.kernel.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Group == "" || h.find(own) != nil {
		return own
	}
	return group
}

// mayGroup follows sk_reuseport_attach_bpf in net/core/filter.c and reuseport_attach_prog in net/core/sock_reuseport.c.
func (s *Socket) mayGroup(p *Program) abi.Errno {
	inet := s.Family == familyInet || s.Family == familyInet6
	switch {
	case p.kind == abi.ProgSKReuseport:
		if s.Type != stream && s.Type != datagram || s.Protocol != protocolTCP && s.Protocol != protocolUDP || !inet {
			return abi.ENOTSUPP
		}
	case p.kind != abi.ProgSocketFilter:
		return abi.EINVAL
	}
	return invalidUnless(s.Reuse)
}

// putOnSocket attaches a program in the place of another, with the caller's reference.
func (h *hooks) putOnSocket(point Point, p *Program, closed func() bool) {
	h.mu.Lock()
	defer h.unlock()
	h.putAlone(point, &seat{prog: p})
	h.watch(point, closed)
}

// leaveSocket takes the program at a point away; false when there is none.
func (h *hooks) leaveSocket(point Point) bool {
	h.mu.Lock()
	defer h.unlock()
	k := h.find(point)
	if k == nil {
		return false
	}
	h.vacate(k)
	return true
}
