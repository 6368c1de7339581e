package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// attachCgroup follows cgroup_bpf_prog_attach in kernel/bpf/cgroup.c.
func attachCgroup(a *attaching) abi.Errno {
	if a.At == abi.AttachLSMMac {
		return abi.EINVAL
	}
	id, errno := a.cgroup(a.Target)
	if errno != abi.OK {
		return errno
	}
	how := cgroupSeat{flags: a.Flags, revision: a.Revision}
	if a.Flags&(allowMulti|replaceProg) == allowMulti|replaceProg {
		if how.replace, errno = a.typed(a.ReplaceFD); errno != abi.OK {
			return errno
		}
		defer how.replace.Release()
	}
	how.anchor = a.anchor(a.Flags, a.Relative)
	defer how.anchor.release()
	point := Point{Cgroup: id, At: a.At, Type: a.prog.cgroupHook(a.At)}
	gone := a.proc.host().CgroupGone(a.Target)
	errno = a.sit(func(h *hooks, s *seat) abi.Errno { return h.attachCgroup(point, s, how) }, point, gone)
	if errno == abi.OK {
		a.admitStorages(a.prog, point, gone)
	}
	return errno
}

// admitStorages makes the elements that a program finds at a cgroup in its storage maps (bpf_cgroup_storages_alloc).
func (c *call) admitStorages(p *Program, at Point, gone func() bool) {
	for _, m := range p.cgroup {
		if m == nil {
			continue
		}
		if elements, ok := m.maps.(maps.Attached); ok {
			elements.Admit(c.task, maps.StorageKey{Cgroup: at.Cgroup, At: at.At}, gone)
		}
	}
}

// detachCgroup follows cgroup_bpf_prog_detach: an fd that is no such program counts as none.
func detachCgroup(a *attaching) abi.Errno {
	if a.Flags != 0 || a.Relative != 0 {
		return abi.EINVAL
	}
	id, errno := a.cgroup(a.Target)
	if errno != abi.OK {
		return errno
	}
	a.prog, _ = a.typed(a.ProgFD)
	point := Point{Cgroup: id, At: a.At}
	if a.prog != nil {
		point.Type = a.prog.cgroupHook(a.At)
	}
	if a.At == abi.AttachLSMMac || a.At == abi.AttachLSMCgroup && a.prog == nil {
		return abi.EINVAL
	}
	h := &a.kernel.hooks
	h.mu.Lock()
	defer h.unlock()
	return h.detachCgroup(point, a.prog, a.Revision)
}

// detachCgroup follows __cgroup_bpf_detach: only where there are many programs one has to be named.
func (h *hooks) detachCgroup(point Point, p *Program, revision uint64) abi.Errno {
	k := h.make(point)
	switch {
	case revision != 0 && revision != k.revision:
		return abi.ESTALE
	case k.flags&allowMulti == 0 && len(k.seats) == 0:
		return abi.ENOENT
	case k.flags&allowMulti != 0 && p == nil:
		return abi.EINVAL
	}
	for i, s := range k.seats {
		if s.prog == p || k.flags&allowMulti == 0 {
			h.left = append(h.left, s.prog)
			k.leave(i)
			return abi.OK
		}
	}
	return abi.ENOENT
}
