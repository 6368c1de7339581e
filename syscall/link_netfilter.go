package bpfsys

import (
	"fmt"
	"math"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// netfilterPlace is a link at a hook of netfilter (net/netfilter/nf_bpf_link.c).
type netfilterPlace struct {
	netns        uint64
	family, hook uint32
	priority     int32
	flags        uint32
}

// What a netfilter link is asked for.
const (
	familyIPv4       = 2
	familyIPv6       = 10
	netfilterHooks   = 5
	defragment       = 1 << 0
	defragmentBefore = -400 // NF_IP_PRI_CONNTRACK_DEFRAG
)

// linkNetfilter follows bpf_nf_link_attach and bpf_nf_check_pf_and_hooks.
func linkNetfilter(l *linking) (attachment, abi.Errno) {
	p := &netfilterPlace{
		netns: l.proc.host().OwnNetNS(), family: l.attr.u32(abi.LinkNetfilterFamily), hook: l.attr.u32(abi.LinkNetfilterHook),
		priority: int32(l.attr.u32(abi.LinkNetfilterPriority)), flags: l.attr.u32(abi.LinkNetfilterFlags),
	}
	known := p.family == familyIPv4 || p.family == familyIPv6
	switch {
	case l.Flags != 0:
		return nil, abi.EINVAL
	case known && p.hook >= netfilterHooks:
		return nil, abi.EPROTO
	case !known:
		return nil, abi.EAFNOSUPPORT
	case p.flags&^defragment != 0:
		return nil, abi.EOPNOTSUPP
	case p.priority == math.MinInt32, p.priority == math.MaxInt32, p.flags != 0 && p.priority <= defragmentBefore:
		return nil, abi.ERANGE
	}
	return p, abi.OK
}

func (p *netfilterPlace) point() Point {
	name := fmt.Sprintf("family %d hook %d priority %d", p.family, p.hook, p.priority)
	return Point{NetNS: p.netns, At: abi.AttachNetfilter, Name: name}
}

// attach: nothing else may have the priority of a BPF program.
func (p *netfilterPlace) attach(h *hooks, l *Link) abi.Errno {
	if p.beforeDefragment() && h.defragments(p.netns, p.family) {
		return abi.EBUSY
	}
	k := h.make(p.point())
	if len(k.seats) > 0 {
		return abi.EBUSY
	}
	k.add(&seat{link: l})
	return abi.OK
}

// beforeDefragment tells the two places where packets are put together (ipv4_defrag_ops in net/ipv4/netfilter/nf_defrag_ipv4.c).
func (p *netfilterPlace) beforeDefragment() bool {
	const preRouting, localOut = 0, 3
	return p.priority == defragmentBefore && (p.hook == preRouting || p.hook == localOut)
}

// defragments tells whether a link has packets of a family put together.
func (h *hooks) defragments(netns uint64, family uint32) bool {
	for _, k := range h.at {
		if k.point.At != abi.AttachNetfilter || len(k.seats) == 0 {
			continue
		}
		if p := k.seats[0].link.place.(*netfilterPlace); p.netns == netns && p.family == family && p.flags&defragment != 0 {
			return true
		}
	}
	return false
}

func (p *netfilterPlace) detach(h *hooks, l *Link) { h.remove(p.point(), l) }

func (p *netfilterPlace) info(i *linkInfo, _ *Link, _ bool) abi.Errno {
	for n, v := range []uint32{p.family, p.hook, uint32(p.priority), p.flags} {
		i.put32(abi.LinkInfoKind+4*n, v)
	}
	return abi.OK
}

func (p *netfilterPlace) fdinfo(b *strings.Builder, _ *Link, _ bool) {
	fmt.Fprintf(b, "pf:\t%d\thooknum:\t%d\tprio:\t%d\n", p.family, p.hook, p.priority)
}
