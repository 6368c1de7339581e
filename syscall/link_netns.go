package bpfsys

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// netnsPlace is a link at a network namespace (kernel/bpf/net_namespace.c).
type netnsPlace struct {
	point Point
	vanishing
}

// mostInNetNS is how many links there may be for each attach type.
var mostInNetNS = map[abi.AttachType]int{abi.AttachFlowDissector: 1, abi.AttachSKLookup: 64}

// linkNetNS follows netns_bpf_link_create.
func linkNetNS(l *linking) (attachment, abi.Errno) {
	if l.Flags != 0 {
		return nil, abi.EINVAL
	}
	ns := l.proc.host().NetNS(l.Target)
	if ns == 0 {
		return nil, l.noSuchObject(l.Target)
	}
	return &netnsPlace{Point{NetNS: ns, At: l.At}, vanishing{l.proc.host().NetNSGone(l.Target)}}, abi.OK
}

// attach: links and a program without one do not go together.
func (p *netnsPlace) attach(h *hooks, l *Link) abi.Errno {
	k := h.make(p.point)
	direct := len(k.seats) == 1 && k.seats[0].link == nil
	switch {
	case len(k.seats) >= mostInNetNS[l.at] && !direct:
		return abi.E2BIG
	case direct, l.at == abi.AttachFlowDissector && h.dissected(p.point):
		return abi.EEXIST
	}
	k.add(&seat{link: l})
	return abi.OK
}

// dissected tells whether a flow dissector elsewhere forbids one at a point: that of the first namespace is for all
// (flow_dissector_bpf_prog_attach_check in net/core/flow_dissector.c). Which one is the first, only the host knows: one is enough.
func (h *hooks) dissected(p Point) bool {
	for other, k := range h.at {
		if other.At == abi.AttachFlowDissector && other != p && len(k.seats) > 0 && (other.NetNS == FirstNetNS || p.NetNS == FirstNetNS) {
			return true
		}
	}
	return false
}

// FirstNetNS is the inode number of the first network namespace where it has a fixed one (include/uapi/linux/nsfs.h).
const FirstNetNS = 0xeffffff9

func (p *netnsPlace) detach(h *hooks, l *Link) { h.remove(p.point, l) }

func (p *netnsPlace) update(_ *hooks, l *Link, to *Program) abi.Errno {
	return invalidUnless(l.prog.kind == to.kind)
}

func (p *netnsPlace) inode(attached bool) uint32 {
	if !attached {
		return 0
	}
	return uint32(p.point.NetNS)
}

func (p *netnsPlace) info(i *linkInfo, l *Link, attached bool) abi.Errno {
	i.put32(abi.LinkInfoKind, p.inode(attached))
	i.put32(abi.LinkInfoKind+4, uint32(l.at))
	return abi.OK
}

func (p *netnsPlace) fdinfo(b *strings.Builder, l *Link, attached bool) {
	fmt.Fprintf(b, "netns_ino:\t%d\nattach_type:\t%d\n", p.inode(attached), l.at)
}
