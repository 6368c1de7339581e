package bpfsys

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// opsName is what registered functions are found by.
type opsName struct{ kind, name string }

// registerOps makes the kernel use the functions of m (the reg of struct bpf_struct_ops).
func (h *hooks) registerOps(m *Map, name opsName) abi.Errno {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.putOps(m, name)
}

func (h *hooks) putOps(m *Map, name opsName) abi.Errno {
	rules := m.ops.kind.rules
	if h.ops[name] != nil || slices.Contains(rules.builtin, name.name) {
		return rules.taken
	}
	if h.ops == nil {
		h.ops = map[opsName]*Map{}
	}
	h.ops[name] = m
	return abi.OK
}

// unregisterOps ends what registerOps began, and gives m back.
func (h *hooks) unregisterOps(m *Map) {
	delete(h.ops, m.ops.name)
	h.left = append(h.left, m)
}

// opsPlace is a link that registers the functions of a map.
type opsPlace struct {
	m *Map // with a reference until the link is detached; the hooks' lock is for it, too
}

var opsLink = &linkKind{link: abi.LinkStructOps, name: "struct_ops", detachable: true}

// linkOps follows bpf_struct_ops_link_create.
func (c *call) linkOps(fd int32) (int32, abi.Errno) {
	m, errno := c.heldMap(fd)
	if errno != abi.OK {
		return 0, errno
	}
	if !m.linkable() {
		m.Release()
		return 0, abi.EINVAL
	}
	return c.openLink(opsLink, nil, abi.AttachStructOps, &opsPlace{m})
}

// linkable tells whether m has functions that a link can register (bpf_struct_ops_valid_to_reg).
func (m *Map) linkable() bool { return m.structOps != nil && m.structOps.State() == maps.OpsReady }

// heldMap is the map behind fd with a reference for the caller (bpf_map_get).
func (c *call) heldMap(fd int32) (*Map, abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil, errno
	}
	defer c.leave(file)
	switch {
	case file.m == nil:
		return nil, abi.EINVAL
	case !file.m.tryHold():
		return nil, abi.EBADF
	}
	return file.m, abi.OK
}

func (p *opsPlace) attach(h *hooks, _ *Link) abi.Errno { return h.putOps(p.m, p.m.ops.name) }

func (p *opsPlace) detach(h *hooks, _ *Link) {
	h.unregisterOps(p.m)
	p.m = nil
}

// release is for a link that never was attached.
func (p *opsPlace) release() {
	if p.m != nil {
		p.m.Release()
	}
}

// updateOps follows link_update_map in kernel/bpf/syscall.c and bpf_struct_ops_map_link_update.
func (c *call) updateOps(l *Link, args LinkUpdate) abi.Errno {
	to, errno := c.heldMap(args.NewFD)
	if errno != abi.OK {
		return errno
	}
	defer to.Release()
	var old *Map
	switch {
	case args.Flags != 0:
		if old, errno = c.heldMap(args.OldFD); errno != abi.OK {
			return errno
		}
		defer old.Release()
	case args.OldFD != 0:
		return abi.EINVAL
	}
	switch {
	case !to.linkable():
		return abi.EINVAL
	case !to.ops.kind.rules.updates:
		return abi.EOPNOTSUPP
	}
	return c.kernel.hooks.updateOps(l, to, old)
}

// updateOps lets to take the place of the map that a link has registered.
func (h *hooks) updateOps(l *Link, to, old *Map) abi.Errno {
	h.mu.Lock()
	defer h.unlock()
	p := l.place.(*opsPlace)
	switch {
	case p.m == nil:
		return abi.ENOLINK
	case old != nil && p.m != old:
		return abi.EPERM
	case to.ops.name != p.m.ops.name:
		return abi.EINVAL
	}
	to.Hold()
	h.left = append(h.left, p.m)
	h.ops[to.ops.name], p.m = to, to
	return abi.OK
}

// mapID is the id of the map, false when the link is detached.
func (p *opsPlace) mapID(l *Link) (uint32, bool) {
	h := &l.kernel.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.m == nil {
		return 0, false
	}
	return p.m.id, true
}

func (p *opsPlace) info(i *linkInfo, l *Link, _ bool) abi.Errno {
	if id, ok := p.mapID(l); ok {
		i.put32(abi.LinkInfoKind, id)
	}
	return abi.OK
}

func (p *opsPlace) fdinfo(b *strings.Builder, l *Link, _ bool) {
	if id, ok := p.mapID(l); ok {
		fmt.Fprintf(b, "map_id:\t%d\n", id)
	}
}
