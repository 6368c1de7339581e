package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// attach_flags.
const (
	allowOverride = 1 << 0
	allowMulti    = 1 << 1
	replaceProg   = 1 << 2
	beforeProg    = 1 << 3
	afterProg     = 1 << 4
	byID          = 1 << 5
	preorder      = 1 << 6
	byLink        = 1 << 13

	baseFlags  = allowOverride | allowMulti | replaceProg | preorder
	orderFlags = replaceProg | beforeProg | afterProg | byID | byLink
)

// attaching is a call of PROG_ATTACH or PROG_DETACH.
type attaching struct {
	*call
	ProgAttach
	prog *Program // with a reference
}

// progAttach follows bpf_prog_attach in kernel/bpf/syscall.c.
func (c *call) progAttach() abi.Errno {
	a := attaching{call: c.escaping()}
	a.Decode(c.attr)
	s := siteOf(a.At)
	if s == nil || !a.attachable(s) {
		return abi.EINVAL
	}
	p, errno := c.program(a.ProgFD)
	if errno != abi.OK {
		return errno
	}
	defer p.Release()
	if a.prog = p; p.kind != progOf(a.At) || c.mayAttach(p, a.At) != abi.OK {
		return abi.EINVAL
	}
	return s.attach(&a)
}

func (a *attaching) attachable(s *site) bool {
	if s.flags != 0 {
		return a.Flags&^s.flags == 0
	}
	return a.Flags&^baseFlags == 0 && a.Relative == 0 && a.Revision == 0
}

// progDetach follows bpf_prog_detach.
func (c *call) progDetach() abi.Errno {
	a := attaching{call: c.escaping()}
	a.Decode(c.attr)
	s := siteOf(a.At)
	if s == nil || s.detach == nil {
		return abi.EINVAL
	}
	errno := s.detach(&a)
	if a.prog != nil {
		a.prog.Release()
	}
	return errno
}

// bare tells whether only the target and the program are named.
func (a *attaching) bare() bool { return a.Flags == 0 && a.Relative == 0 && a.Revision == 0 }

// typed finds the program behind an fd, which must be of the type that is attached here (bpf_prog_get_type).
func (a *attaching) typed(fd int32) (*Program, abi.Errno) {
	p, errno := a.program(fd)
	if errno == abi.OK && p.kind != progOf(a.At) {
		p.Release()
		return nil, abi.EINVAL
	}
	return p, errno
}

// seat is a seat for the program, with a reference of its own.
func (a *attaching) seat() *seat {
	a.prog.Hold()
	return &seat{prog: a.prog, flags: a.Flags}
}

// sit runs f, which puts a new seat at a point unless it fails, with the hooks locked. gone tells whether the place does not exist any more;
// nil means never.
func (a *attaching) sit(f func(h *hooks, s *seat) abi.Errno, at Point, gone func() bool) abi.Errno {
	h := &a.kernel.hooks
	s := a.seat()
	h.mu.Lock()
	defer h.unlock()
	errno := f(h, s)
	if errno != abi.OK {
		h.left = append(h.left, s.prog)
		return errno
	}
	h.watch(at, gone)
	return abi.OK
}
