package bpfsys

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// xdpFlags are those that a message can have (XDP_FLAGS_MASK).
const xdpFlags = xdpModes | abi.XDPUpdateAbsent | abi.XDPReplace

// setXDP attaches a program to a device, or detaches it (do_setlink in net/core/rtnetlink.c).
func (r *netlinkRequest) setXDP() abi.Errno {
	index := binary.NativeEndian.Uint32(r.body[4:])
	point, exists := r.devicePoint(index, abi.AttachXDP)
	attrs := attrsOf(r.body[abi.LinkMessage:])
	switch {
	case index == 0:
		return r.refuse(Refusal{Call: "RTM_SETLINK", What: "IFLA_XDP by a device's name", Errno: abi.EOPNOTSUPP})
	case !exists:
		return abi.ENODEV
	case slices.ContainsFunc(attrs, func(a netlinkAttr) bool { return a.kind != abi.LinkXDPAttr && a.kind != abi.LinkIfName }):
		return r.refuse(Refusal{Call: "RTM_SETLINK", What: "IFLA_XDP with other attributes", Errno: abi.EOPNOTSUPP})
	}
	xdp := attrsOf(attrs.find(abi.LinkXDPAttr))
	flags, _ := xdp.u32(abi.XDPFlags)
	expected, named := xdp.u32(abi.XDPExpectedFD)
	replaces := flags&abi.XDPReplace != 0
	switch {
	case xdp.find(abi.XDPAttached) != nil, xdp.find(abi.XDPProgID) != nil:
		return abi.EINVAL
	case flags&^xdpFlags != 0, bits.OnesCount32(flags&xdpModes) > 1:
		return abi.EINVAL
	}
	fd, changes := xdp.u32(abi.XDPFD)
	switch {
	case !changes:
		return abi.OK
	case replaces && !named:
		return abi.EINVAL
	case !replaces:
		expected = math.MaxUint32 // none
	}
	return r.changeXDP(point, int32(fd), int32(expected), flags)
}

// changeXDP is dev_change_xdp_fd in net/core/dev.c.
func (r *netlinkRequest) changeXDP(point Point, fd, expected int32, flags uint32) abi.Errno {
	now, errno := r.xdpProgram(fd)
	if errno != abi.OK {
		return errno
	}
	before, errno := r.xdpProgram(expected)
	if before != nil {
		defer before.Release()
	}
	h, gone := &r.kernel.hooks, r.proc.host().DeviceGone(point.Device)
	if errno == abi.OK {
		h.mu.Lock()
		errno, r.text = h.changeXDP(point, now, before, flags)
		if errno == abi.OK && now != nil {
			h.watch(point, gone)
		}
		h.unlock()
	}
	if errno != abi.OK && now != nil {
		now.Release()
	}
	return errno
}

// xdpProgram is the program behind a fd, nil for a fd below 0.
func (r *netlinkRequest) xdpProgram(fd int32) (*Program, abi.Errno) {
	if fd < 0 {
		return nil, abi.OK
	}
	return r.programOf(fd, abi.ProgXDP)
}

// programOf is bpf_prog_get_type.
func (c *call) programOf(fd int32, kind abi.ProgType) (*Program, abi.Errno) {
	p, errno := c.program(fd)
	if errno == abi.OK && p.kind != kind {
		p.Release()
		return nil, abi.EINVAL
	}
	return p, errno
}

// changeXDP follows dev_xdp_attach, for programs without a link. It takes over the reference to now unless it fails.
// What is wrong it says in the words of Linux, which bpftool prints.
func (h *hooks) changeXDP(point Point, now, before *Program, flags uint32) (abi.Errno, string) {
	mode := (&xdpPlace{devicePlace{point: point}, flags}).mode()
	k := h.make(point)
	defer h.tidy(k)
	var here *seat // in that mode: there is one mode at a time
	if len(k.seats) > 0 && k.flags == mode {
		here = k.seats[0]
	}
	switch {
	case here != nil && here.link != nil:
		return abi.EBUSY, "Can't replace active BPF XDP link"
	case flags&abi.XDPReplace != 0 && here.prog0() != before:
		return abi.EEXIST, "Active program does not match expected"
	case now == nil:
	case flags&abi.XDPUpdateAbsent != 0 && here != nil:
		return abi.EBUSY, "XDP program already attached"
	case mode != xdpOffload && here == nil && len(k.seats) > 0:
		return abi.EEXIST, "Native and generic XDP can't be active at the same time"
	case now.attach == abi.AttachXDPDevMap:
		return abi.EINVAL, "BPF_XDP_DEVMAP programs can not be attached to a device"
	case now.attach == abi.AttachXDPCPUMap:
		return abi.EINVAL, "BPF_XDP_CPUMAP programs can not be attached to a device"
	}
	if errno := mayRun(point, mode); now != here.prog0() && errno == abi.EOPNOTSUPP {
		return errno, "Underlying driver does not support XDP in native mode"
	} else if now != here.prog0() && errno != abi.OK {
		return errno, ""
	}
	if here != nil {
		h.left = append(h.left, here.prog)
		k.seats = slices.DeleteFunc(k.seats, func(s *seat) bool { return s == here })
	}
	if now != nil {
		k.flags = mode
		k.add(&seat{prog: now, flags: flags})
	}
	return abi.OK, ""
}

// prog0 is the program of a seat, nil where there is no seat.
func (s *seat) prog0() *Program {
	if s == nil {
		return nil
	}
	return s.prog
}

// NetlinkReply puts what runs at devices here into an answer of the host's; changed is false when there is nothing to say.
func (k *Kernel) NetlinkReply(p *Process, datagram []byte) (answer []byte, changed bool) {
	netns := p.host().OwnNetNS()
	k.hooks.mu.Lock()
	defer k.hooks.mu.Unlock()
	if !k.hooks.anyXDP(netns) {
		return datagram, false
	}
	le := binary.NativeEndian
	for b := datagram; len(b) >= abi.NetlinkHeader; {
		size := int(le.Uint32(b))
		if size < abi.NetlinkHeader || size > len(b) {
			return datagram, false
		}
		message := b[:size]
		if abi.NetlinkType(le.Uint16(b[4:])) == abi.NewLink && size >= abi.NetlinkHeader+abi.LinkMessage {
			message = k.hooks.withXDP(netns, message)
		}
		answer = append(answer, message...)
		answer = append(answer, make([]byte, align4(len(answer))-len(answer))...)
		b = b[min(align4(size), len(b)):]
	}
	return answer, true
}

func (h *hooks) anyXDP(netns uint64) bool {
	for p := range h.at {
		if p.At == abi.AttachXDP && p.NetNS == netns {
			return true
		}
	}
	return false
}

// withXDP is the message with a device, with what runs there (rtnl_xdp_fill in net/core/rtnetlink.c).
func (h *hooks) withXDP(netns uint64, message []byte) []byte {
	le := binary.NativeEndian
	k := h.find(Point{At: abi.AttachXDP, NetNS: netns, Device: le.Uint32(message[abi.NetlinkHeader+4:])})
	if k == nil || len(k.seats) == 0 {
		return message
	}
	kind, mode := uint16(abi.XDPDrvProgID), byte(abi.XDPAttachedDrv)
	if k.flags == xdpGeneric {
		kind, mode = abi.XDPSKBProgID, abi.XDPAttachedSKB
	}
	id := k.seats[0].program().id
	xdp := appendAttr32(nil, kind, id)
	xdp = appendAttr(xdp, abi.XDPAttached, []byte{mode})
	xdp = appendAttr32(xdp, abi.XDPProgID, id)
	const fixed = abi.NetlinkHeader + abi.LinkMessage
	answer := slices.Clone(message[:fixed])
	for _, a := range attrsOf(message[fixed:]) {
		if a.kind == abi.LinkXDPAttr {
			a.value = xdp
		}
		answer = appendAttr(answer, a.kind|a.flags, a.value)
	}
	le.PutUint32(answer, uint32(len(answer)))
	return answer
}
