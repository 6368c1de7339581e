package bpfsys

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// devicePoint is where programs are attached to a network device of the caller's namespace.
func (c *call) devicePoint(index uint32, at abi.AttachType) (Point, bool) {
	return Point{NetNS: c.proc.host().OwnNetNS(), Device: index, At: at}, c.proc.host().Device(index)
}

// devicePlace is a link's place at a network device.
type devicePlace struct {
	point Point
	vanishing
}

// devicePlace is that of a network device of the caller's namespace; false when there is no such device.
func (c *call) devicePlace(index uint32, at abi.AttachType) (devicePlace, bool) {
	point, ok := c.devicePoint(index, at)
	return devicePlace{point, vanishing{c.proc.host().DeviceGone(index)}}, ok
}

func (p *devicePlace) detach(h *hooks, l *Link) { h.remove(p.point, l) }

func (p *devicePlace) index(attached bool) uint32 {
	if !attached {
		return 0
	}
	return p.point.Device
}

// xdpPlace is an XDP link (net/core/dev.c).
type xdpPlace struct {
	devicePlace
	flags uint32
}

// The modes of XDP programs (XDP_FLAGS_SKB_MODE and so on).
const (
	xdpGeneric = 1 << 1
	xdpDriver  = 1 << 2
	xdpOffload = 1 << 3
	xdpModes   = xdpGeneric | xdpDriver | xdpOffload
)

// linkXDP follows bpf_xdp_link_attach.
func linkXDP(l *linking) (attachment, abi.Errno) {
	place, ok := l.devicePlace(uint32(l.Target), l.At)
	if !ok {
		return nil, abi.EINVAL
	}
	return &xdpPlace{place, l.Flags}, abi.OK
}

// mayRun is whether a device runs programs in a mode: lo has no driver to do so, and the drivers of others know of no offload.
func mayRun(at Point, mode uint32) abi.Errno {
	switch {
	case mode == xdpGeneric:
		return abi.OK
	case at.Device == loopback:
		return abi.EOPNOTSUPP
	case mode == xdpOffload:
		return abi.EINVAL
	}
	return abi.OK
}

// attach follows dev_xdp_attach.
func (p *xdpPlace) attach(h *hooks, l *Link) abi.Errno {
	mode := p.mode()
	k := h.make(p.point)
	defer h.tidy(k)
	switch {
	case p.flags&^xdpModes != 0, mode&(mode-1) != 0:
		return abi.EINVAL
	case len(k.seats) > 0 && mode == k.flags:
		return abi.EBUSY
	case len(k.seats) > 0 && mode != xdpOffload:
		return abi.EEXIST
	case l.prog.attach == abi.AttachXDPDevMap, l.prog.attach == abi.AttachXDPCPUMap:
		return abi.EINVAL
	}
	if errno := mayRun(p.point, mode); errno != abi.OK {
		return errno
	}
	k.flags = mode
	k.add(&seat{link: l})
	return abi.OK
}

// mode is how the program is to run: where nothing is said, in the driver if that can.
func (p *xdpPlace) mode() uint32 {
	switch {
	case p.flags&xdpModes != 0:
		return p.flags & xdpModes
	case p.point.Device == loopback:
		return xdpGeneric
	}
	return xdpDriver
}

func (p *xdpPlace) update(_ *hooks, l *Link, to *Program) abi.Errno {
	return invalidUnless(l.prog.kind == to.kind && l.prog.attach == to.attach)
}

func (p *xdpPlace) info(i *linkInfo, _ *Link, attached bool) abi.Errno {
	i.put32(abi.LinkInfoKind, p.index(attached))
	return abi.OK
}

func (p *xdpPlace) fdinfo(b *strings.Builder, _ *Link, attached bool) {
	fmt.Fprintf(b, "ifindex:\t%d\n", p.index(attached))
}

// tcxPlace is a TCX link (kernel/bpf/tcx.c).
type tcxPlace struct {
	devicePlace
	order
}

// linkTCX follows tcx_link_attach.
func linkTCX(l *linking) (attachment, abi.Errno) {
	place, ok := l.devicePlace(uint32(l.Target), l.At)
	if !ok {
		return nil, abi.ENODEV
	}
	return &tcxPlace{place, l.order(l.Flags, l.attr.u32(abi.LinkRelative), l.attr.u64(abi.LinkExpectedRevision))}, abi.OK
}

func (p *tcxPlace) attach(h *hooks, l *Link) abi.Errno {
	defer h.drop(&p.anchor)
	k := h.make(p.point)
	defer h.tidy(k)
	return k.order(&seat{link: l}, l.prog, nil, p.order)
}

// update follows tcx_link_update: the program must be attached there only once.
func (p *tcxPlace) update(h *hooks, l *Link, to *Program) abi.Errno {
	k := h.find(p.point)
	switch {
	case l.prog == to:
		return abi.OK
	case k.has(to):
		return abi.EEXIST
	case l.prog.kind != to.kind:
		return abi.EINVAL
	}
	k.revision++
	return abi.OK
}

func (p *tcxPlace) info(i *linkInfo, l *Link, attached bool) abi.Errno {
	i.put32(abi.LinkInfoKind, p.index(attached))
	i.put32(abi.LinkInfoKind+4, uint32(l.at))
	return abi.OK
}

func (p *tcxPlace) fdinfo(b *strings.Builder, l *Link, attached bool) {
	side := "ingress"
	if l.at == abi.AttachTCXEgress {
		side = "egress"
	}
	fmt.Fprintf(b, "ifindex:\t%d\nattach_type:\t%d (%s)\n", p.index(attached), l.at, side)
}

// linkNetkit answers as a kernel without netkit devices.
func linkNetkit(*linking) (attachment, abi.Errno) { return nil, abi.EINVAL }
