package model

import (
	"math"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Places at the network: the devices 1, lo, and 2, one that runs XDP in its driver; and the one network namespace, with its hooks of
// netfilter.

// netPlaces are the attach types at the network, by the type of the programs.
var netPlaces = map[abi.ProgType][]abi.AttachType{
	abi.ProgXDP:           {abi.AttachXDP},
	abi.ProgSchedCLS:      {abi.AttachTCXIngress, abi.AttachTCXEgress},
	abi.ProgFlowDissector: {abi.AttachFlowDissector},
	abi.ProgSKLookup:      {abi.AttachSKLookup},
	abi.ProgNetfilter:     {abi.AttachNetfilter},
}

// netTypeAt is the type of programs at an attach type at the network, UNSPEC for none.
func netTypeAt(at abi.AttachType) abi.ProgType {
	for kind, places := range netPlaces {
		if slices.Contains(places, at) {
			return kind
		}
	}
	return abi.ProgUnspec
}

// loopback is the device that has no driver.
const loopback = 1

func (x *run) deviceExists(index uint32) bool {
	return index == loopback || index == 2 && !x.state.config.OnlyLoopback
}

func (t site) isCgroup() bool { return typeAt(t.at) != abi.ProgUnspec }

func (t site) isTCX() bool { return t.at == abi.AttachTCXIngress || t.at == abi.AttachTCXEgress }

func (t site) inNetNS() bool { return t.at == abi.AttachFlowDissector || t.at == abi.AttachSKLookup }

// place is the site without what does not tell it from others.
func (t site) place() site {
	t.filter[3] = 0
	return t
}

// netSite is where LINK_CREATE is to attach a program to the network.
func (x *run) netSite(at abi.AttachType, flags uint32) (site, abi.Errno) {
	device := x.u32(abi.LinkCreateTarget)
	t := site{at: at}
	switch {
	case at == abi.AttachNetfilter:
		return x.filterSite(flags)
	case t.inNetNS() && flags != 0:
		return t, abi.EINVAL
	case t.inNetNS():
		return t, x.isNetNS(device)
	case !x.deviceExists(device) && t.isTCX():
		return t, abi.ENODEV
	case !x.deviceExists(device):
		return t, abi.EINVAL
	}
	t.device = device
	return t, abi.OK
}

// isNetNS is the errno for an fd that is not the network namespace's.
func (x *run) isNetNS(fd uint32) abi.Errno {
	f, open := x.state.files.get(int32(fd))
	switch {
	case !open:
		return abi.EBADF
	case f.thing == nil || f.thing.what != "netns":
		return abi.EINVAL
	}
	return abi.OK
}

// filterSite is a hook of netfilter (bpf_nf_check_pf_and_hooks in net/netfilter/nf_bpf_link.c): those of IPv4 and IPv6 are 5 each, priorities
// are between the ends, and behind -400 where packets are to be put together first.
func (x *run) filterSite(flags uint32) (site, abi.Errno) {
	t := site{at: abi.AttachNetfilter}
	for i := range t.filter {
		t.filter[i] = x.u32(abi.LinkNetfilterFamily + 4*i)
	}
	internet := t.filter[0] == 2 || t.filter[0] == 10
	priority := int32(t.filter[2])
	switch {
	case flags != 0:
		return t, abi.EINVAL
	case !internet:
		return t, abi.EAFNOSUPPORT
	case t.filter[1] > 4:
		return t, abi.EPROTO
	case t.filter[3] > 1:
		return t, abi.EOPNOTSUPP
	case priority == math.MinInt32, priority == math.MaxInt32, t.filter[3] == 1 && priority <= -400:
		return t, abi.ERANGE
	}
	return t, abi.OK
}

// attachNetLink attaches a new link.
func (x *run) attachNetLink(o *object, j joining) abi.Errno {
	t, p := o.link.site, x.state.point(o.link.site)
	new := seat{link: o.serial}
	switch {
	case t.isTCX():
		return x.order(t, new, o.link.prog, 0, j)
	case t.at == abi.AttachXDP:
		return x.attachXDP(o, j.flags)
	case t.at == abi.AttachNetfilter && (len(p.seats) > 0 || x.state.putsTogether(t)):
		return abi.EBUSY
	case t.inNetNS() && len(p.seats) > 0 && p.seats[0].link == 0:
		return abi.EEXIST
	case t.at == abi.AttachFlowDissector && len(p.seats) > 0, len(p.seats) >= mostSeats:
		return abi.E2BIG
	}
	x.sit(t, new)
	return abi.OK
}

// putsTogether reports whether a link has packets put together in the very place: the first hook and the fourth, at -400.
func (s *State) putsTogether(t site) bool {
	if int32(t.filter[2]) != -400 || t.filter[1] != 0 && t.filter[1] != 3 {
		return false
	}
	return slices.ContainsFunc(s.objects, func(o *object) bool {
		l := o.link
		return l.is && l.attached && l.at == abi.AttachNetfilter && l.filter[0] == t.filter[0] && l.filter[3] == 1
	})
}

// sit puts a seat behind the others of a place.
func (x *run) sit(t site, s seat) {
	x.state.changePoint(t, func(p *point) { p.seats, p.revision = append(p.seats, s), p.revision+1 })
}

// The modes of XDP: XDP_FLAGS_SKB_MODE and so on.
const (
	xdpGeneric = 2
	xdpDriver  = 4
	xdpOffload = 8
)

// attachXDP is dev_xdp_attach in net/core/dev.c. Which mode a device has one program in is what the place remembers.
func (x *run) attachXDP(o *object, mode uint32) abi.Errno {
	t, at := o.link.site, x.state.object(o.link.prog).prog.attach
	if mode != 0 && mode != xdpGeneric && mode != xdpDriver && mode != xdpOffload {
		return abi.EINVAL
	}
	drives := t.device != loopback
	if mode == 0 {
		mode = xdpGeneric
		if drives {
			mode = xdpDriver
		}
	}
	p := x.state.point(t)
	switch {
	case len(p.seats) > 0 && p.flags == mode:
		return abi.EBUSY
	case len(p.seats) > 0 && mode != xdpOffload:
		return abi.EEXIST
	case at == abi.AttachXDPDevMap, at == abi.AttachXDPCPUMap, drives && mode == xdpOffload:
		return abi.EINVAL
	case !drives && mode != xdpGeneric:
		return abi.EOPNOTSUPP
	}
	x.sit(t, seat{link: o.serial})
	x.state.changePoint(t, func(p *point) { p.flags = mode })
	return abi.OK
}

// told is what is said of a link: its kind, and where it is. The cgroup and the network namespace have the number 1 here.
func (l link) told() (abi.LinkType, []uint32) {
	here := uint32(0)
	if l.attached {
		here = max(l.device, 1)
	}
	switch {
	case l.tracepoint.name != "":
		return abi.LinkRawTracepoint, nil
	case l.iterates():
		return abi.LinkIter, nil
	case l.event != 0:
		return abi.LinkPerfEvent, nil
	case l.at == abi.AttachNetfilter:
		return abi.LinkNetfilter, l.filter[:]
	case l.at == abi.AttachXDP:
		return abi.LinkXDP, []uint32{here}
	case l.isTCX():
		return abi.LinkTCX, []uint32{here, uint32(l.at)}
	case l.inNetNS():
		return abi.LinkNetNS, []uint32{here, uint32(l.at)}
	}
	return abi.LinkCgroup, []uint32{here, 0, uint32(l.at)}
}
