package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// attachDevice follows tcx_prog_attach in kernel/bpf/tcx.c.
func attachDevice(a *attaching) abi.Errno {
	point, ok := a.devicePoint(uint32(a.Target), a.At)
	if !ok {
		return abi.ENODEV
	}
	var replaced *Program
	if a.Flags&replaceProg != 0 {
		p, errno := a.typed(a.ReplaceFD)
		if errno != abi.OK {
			return errno
		}
		defer p.Release()
		replaced = p
	}
	o := a.order(a.Flags, a.Relative, a.Revision)
	defer o.anchor.release()
	return a.sit(func(h *hooks, s *seat) abi.Errno {
		k := h.make(point)
		defer h.tidy(k)
		errno := k.order(s, a.prog, replaced, o)
		if errno == abi.OK && replaced != nil {
			h.left = append(h.left, replaced)
		}
		return errno
	}, point, a.proc.host().DeviceGone(uint32(a.Target)))
}

// detachDevice follows tcx_prog_detach: without a program, its place is what flags tell of.
func detachDevice(a *attaching) abi.Errno {
	o, errno := a.detachOrder()
	if errno != abi.OK {
		return errno
	}
	defer o.anchor.release()
	point, ok := a.devicePoint(uint32(a.Target), a.At)
	if !ok {
		return abi.ENODEV
	}
	h := &a.kernel.hooks
	h.mu.Lock()
	defer h.unlock()
	k := h.find(point)
	if k == nil {
		return abi.ENOENT
	}
	left, errno := k.disorder(a.prog, o)
	if errno == abi.OK {
		h.left = append(h.left, left)
		h.tidy(k)
	}
	return errno
}

// detachOrder reads what a place with an order is asked for.
func (a *attaching) detachOrder() (o order, errno abi.Errno) {
	switch {
	case a.Flags&^orderFlags != 0:
		return o, abi.EINVAL
	case a.ProgFD != 0:
		a.prog, errno = a.typed(a.ProgFD)
	case !a.proc.Caps.SysAdmin: // CAP_NET_ADMIN, which it holds
		errno = abi.EPERM
	}
	if errno != abi.OK {
		return o, errno
	}
	return order{a.Flags, a.anchor(a.Flags, a.Relative), a.Revision}, abi.OK
}

// attachNetkit and detachNetkit answer as a kernel without netkit devices.

func attachNetkit(*attaching) abi.Errno { return abi.EINVAL }

func detachNetkit(a *attaching) abi.Errno {
	o, errno := a.detachOrder()
	if errno != abi.OK {
		return errno
	}
	o.anchor.release()
	return abi.EINVAL
}
