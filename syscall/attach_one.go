package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// attachSockMap follows sock_map_get_from_fd in net/core/sock_map.c.
func attachSockMap(a *attaching) abi.Errno {
	if a.Flags != 0 || a.ReplaceFD != 0 {
		return abi.EINVAL
	}
	m, errno := a.sockMap(a.Target)
	if errno != abi.OK {
		return errno
	}
	point := Point{Map: m.id, At: a.At}
	return a.sit(func(h *hooks, s *seat) abi.Errno {
		if errno := h.mayJoin(point); errno != abi.OK {
			return errno
		}
		h.putAlone(point, s)
		return abi.OK
	}, point, nil)
}

// detachSockMap follows sock_map_prog_detach.
func detachSockMap(a *attaching) (errno abi.Errno) {
	if !a.bare() || a.ReplaceFD != 0 {
		return abi.EINVAL
	}
	m, errno := a.mapBehind(a.Target)
	if errno != abi.OK {
		return errno
	}
	if a.prog, errno = a.program(a.ProgFD); errno != abi.OK {
		return errno
	}
	switch {
	case a.prog.kind != progOf(a.At):
		return abi.EINVAL
	case !m.takesPrograms():
		return abi.EOPNOTSUPP
	}
	return a.kernel.hooks.leaveAlone(Point{Map: m.id, At: a.At}, a.prog, abi.EBUSY)
}

// leaveAlone takes a program away from where there is one: linked is the answer where a link has put it there.
func (h *hooks) leaveAlone(point Point, p *Program, linked abi.Errno) abi.Errno {
	h.mu.Lock()
	defer h.unlock()
	k := h.find(point)
	switch {
	case h.excluded(point):
		return abi.EBUSY
	case k == nil:
		return abi.ENOENT
	case k.seats[0].link != nil:
		return linked
	case k.seats[0].prog != p:
		return abi.ENOENT
	}
	h.left = append(h.left, p)
	k.seats = nil
	h.tidy(k)
	return abi.OK
}

// mapBehind finds the map behind fd.
func (c *call) mapBehind(fd int32) (*Map, abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil, errno
	}
	defer c.leave(file)
	if file.m == nil {
		return nil, abi.EINVAL
	}
	return file.m, abi.OK
}

// attachNetNS follows netns_bpf_prog_attach, which is for the caller's own namespace; SK_LOOKUP is only linked.
func attachNetNS(a *attaching) abi.Errno {
	if a.Target != 0 || a.Flags != 0 || a.ReplaceFD != 0 || a.At == abi.AttachSKLookup {
		return abi.EINVAL
	}
	point := Point{NetNS: a.proc.host().OwnNetNS(), At: a.At}
	return a.sit(func(h *hooks, s *seat) abi.Errno {
		k := h.find(point)
		switch {
		case k != nil && k.seats[0].link != nil, h.dissected(point):
			return abi.EEXIST
		case k != nil && k.seats[0].prog == s.prog:
			return abi.EINVAL
		}
		h.putAlone(point, s)
		return abi.OK
	}, point, nil)
}

// detachNetNS follows netns_bpf_prog_detach.
func detachNetNS(a *attaching) (errno abi.Errno) {
	if !a.bare() || a.Target != 0 || a.At == abi.AttachSKLookup {
		return abi.EINVAL
	}
	if a.prog, errno = a.typed(a.ProgFD); errno != abi.OK {
		return errno
	}
	return a.kernel.hooks.leaveAlone(Point{NetNS: a.proc.host().OwnNetNS(), At: a.At}, a.prog, abi.EINVAL)
}
