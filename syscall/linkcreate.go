package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// linking is a link on its way to be one.
type linking struct {
	*call
	LinkCreate
	prog *Program
}

// linkCreate follows link_create in kernel/bpf/syscall.c.
func (c *call) linkCreate() (int32, abi.Errno) {
	l := linking{call: c.escaping()}
	l.Decode(c.attr)
	if l.At == abi.AttachStructOps {
		return c.linkOps(l.ProgFD)
	}
	p, errno := c.program(l.ProgFD)
	if errno != abi.OK {
		return 0, errno
	}
	defer p.Release()
	l.prog = p
	if errno := c.mayAttach(p, l.At); errno != abi.OK {
		return 0, errno
	}
	kind := kindOf(p, l.At)
	if kind == nil {
		return 0, abi.EINVAL
	}
	place, errno := kind.prepare(&l)
	if errno != abi.OK {
		return 0, errno
	}
	fd, errno := c.openLink(kind, p, l.At, place)
	if at, ok := place.(*cgroupPlace); ok && errno == abi.OK {
		c.admitStorages(p, at.point, at.gone)
	}
	return fd, errno
}

// openLink attaches a program, which links of maps have none of, and opens the link. It has its id before it is attached, so that a place where nothing
// can be attached costs one, too.
func (c *call) openLink(kind *linkKind, p *Program, at abi.AttachType, place attachment) (int32, abi.Errno) {
	if p != nil {
		p.Hold()
	}
	l := &Link{kernel: c.kernel, kind: kind, at: at, place: place, prog: p}
	l.refs.Store(1)
	c.kernel.links.add(l)
	if errno := c.kernel.hooks.attach(l); errno != abi.OK {
		l.Release()
		return 0, errno
	}
	return c.installFile(NewFile(l, ReadOnly).As("bpf_link")) // bpf_link_prime; fds by id and by pin have Link.Kind
}

func (h *hooks) attach(l *Link) abi.Errno {
	h.mu.Lock()
	defer h.unlock()
	errno := l.place.attach(h, l)
	l.attached = errno == abi.OK
	return errno
}
