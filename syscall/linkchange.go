package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// linkReplace is BPF_F_REPLACE.
const linkReplace = 1 << 2

// linkUpdate follows link_update in kernel/bpf/syscall.c.
func (c *call) linkUpdate() abi.Errno {
	var args LinkUpdate
	args.Decode(c.attr)
	if args.Flags&^linkReplace != 0 {
		return abi.EINVAL
	}
	l, errno := c.link(args.FD)
	if errno != abi.OK {
		return errno
	}
	defer l.Release()
	l.look()
	if _, ok := l.place.(*opsPlace); ok {
		return c.updateOps(l, args)
	}
	to, errno := c.program(args.NewFD)
	if errno != abi.OK {
		return errno
	}
	var old *Program
	switch {
	case args.Flags != 0:
		if old, errno = c.program(args.OldFD); errno == abi.OK {
			defer old.Release()
		}
	case args.OldFD != 0:
		errno = abi.EINVAL
	}
	if errno == abi.OK {
		errno = c.kernel.hooks.update(l, to, old)
	}
	if errno != abi.OK {
		to.Release()
	}
	return errno
}

// update gives a link another program and takes over the reference to it.
func (h *hooks) update(l *Link, to, old *Program) abi.Errno {
	h.mu.Lock()
	defer h.unlock()
	place, ok := l.place.(updater)
	switch {
	case !ok && l.kind.fixed != abi.OK:
		return l.kind.fixed
	case !ok:
		return abi.EINVAL
	case !l.attached && !l.kind.goneLast:
		return abi.ENOLINK
	case old != nil && l.prog != old:
		return abi.EPERM
	}
	if errno := place.update(h, l, to); errno != abi.OK {
		return errno
	}
	if !l.attached {
		return abi.ENOLINK
	}
	h.left = append(h.left, l.prog)
	l.prog = to
	return abi.OK
}

// linkDetach follows link_detach.
func (c *call) linkDetach() abi.Errno {
	var args LinkDetach
	args.Decode(c.attr)
	l, errno := c.link(args.FD)
	if errno != abi.OK {
		return errno
	}
	defer l.Release()
	if !l.kind.detachable {
		return abi.EOPNOTSUPP
	}
	l.detach()
	return abi.OK
}

// linkGetFDByID follows bpf_link_get_fd_by_id.
func (c *call) linkGetFDByID() (int32, abi.Errno) {
	var args LinkGetFDByID
	args.Decode(c.attr)
	if !c.proc.Caps.SysAdmin {
		return 0, abi.EPERM
	}
	l, ok := c.kernel.links.hold(args.ID)
	if !ok {
		return 0, abi.ENOENT
	}
	return c.install(l, ReadOnly)
}
