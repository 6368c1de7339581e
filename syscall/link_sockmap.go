package bpfsys

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// sockMapPlace is a link at the sockets of a map (net/core/sock_map.c).
type sockMapPlace struct {
	point Point
	m     *Map // with a reference until the link is detached
}

// linkSockMap follows sock_map_link_create.
func linkSockMap(l *linking) (attachment, abi.Errno) {
	if l.Flags != 0 {
		return nil, abi.EINVAL
	}
	m, errno := l.sockMap(l.Target)
	if errno != abi.OK {
		return nil, errno
	}
	if !m.tryHold() {
		return nil, abi.EBADF
	}
	return &sockMapPlace{Point{Map: m.id, At: l.At}, m}, abi.OK
}

// sockMap finds the map of sockets behind fd.
func (c *call) sockMap(fd int32) (*Map, abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil, errno
	}
	defer c.leave(file)
	m := file.m
	if m == nil || !m.takesPrograms() {
		return nil, abi.EINVAL
	}
	return m, abi.OK
}

// takesPrograms tells of the types whose elements are sockets that programs see.
func (m *Map) takesPrograms() bool {
	t := m.Spec().Type
	return t == abi.SockMap || t == abi.SockHash
}

// attach: a link cannot be replaced, but a program without one.
func (p *sockMapPlace) attach(h *hooks, l *Link) abi.Errno {
	if errno := h.mayJoin(p.point); errno != abi.OK {
		return errno
	}
	h.putAlone(p.point, &seat{link: l})
	return abi.OK
}

// mayJoin is whether something can be attached where only a link cannot be replaced.
func (h *hooks) mayJoin(p Point) abi.Errno {
	k := h.find(p)
	if h.excluded(p) || k != nil && k.seats[0].link != nil {
		return abi.EBUSY
	}
	return abi.OK
}

// excluded tells whether the other kind of verdict is there, of which there is one (sock_map_prog_link_lookup).
func (h *hooks) excluded(p Point) bool {
	switch p.At {
	case abi.AttachSKSKBStreamVerdict:
		p.At = abi.AttachSKSKBVerdict
	case abi.AttachSKSKBVerdict:
		p.At = abi.AttachSKSKBStreamVerdict
	default:
		return false
	}
	return h.find(p) != nil
}

// putAlone puts a seat in the place of the one that is there.
func (h *hooks) putAlone(p Point, s *seat) {
	k := h.make(p)
	if len(k.seats) > 0 && k.seats[0].prog != nil {
		h.left = append(h.left, k.seats[0].prog)
	}
	k.seats = []*seat{s}
}

// detach gives the map back: what is attached to it may go with it.
func (p *sockMapPlace) detach(h *hooks, l *Link) {
	h.remove(p.point, l)
	h.left = append(h.left, p.m)
	p.m = nil
}

// release is for a link that never was attached.
func (p *sockMapPlace) release() {
	if p.m != nil {
		p.m.Release()
	}
}

// forget ends what is attached to a map that is gone.
func (h *hooks) forget(m *Map) {
	h.mu.Lock()
	defer h.unlock()
	for _, at := range sockMapTypes {
		if k := h.find(Point{Map: m.id, At: at}); k != nil {
			h.left = append(h.left, k.seats[0].prog)
			delete(h.at, k.point)
		}
	}
}

var sockMapTypes = []abi.AttachType{
	abi.AttachSKSKBStreamParser, abi.AttachSKSKBStreamVerdict, abi.AttachSKMsgVerdict, abi.AttachSKSKBVerdict,
}

func (p *sockMapPlace) update(_ *hooks, l *Link, to *Program) abi.Errno {
	return invalidUnless(l.prog.kind == to.kind && l.prog.attach == to.attach)
}

func (p *sockMapPlace) id(attached bool) uint32 {
	if !attached {
		return 0
	}
	return p.point.Map
}

func (p *sockMapPlace) info(i *linkInfo, l *Link, attached bool) abi.Errno {
	i.put32(abi.LinkInfoKind, p.id(attached))
	i.put32(abi.LinkInfoKind+4, uint32(l.at))
	return abi.OK
}

func (p *sockMapPlace) fdinfo(b *strings.Builder, l *Link, attached bool) {
	fmt.Fprintf(b, "map_id:\t%d\nattach_type:\t%d\n", p.id(attached), l.at)
}
