package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// anchor is the program or the link that an attached one shall be next to. What is wrong with it is told only when the place is
// known.
type anchor struct {
	named bool // something is named
	link  *Link
	prog  *Program // of the link, or itself with a reference
	errno abi.Errno
}

// anchor finds what flags and an fd or id name, with a reference (bpf_mprog_tuple_relative in kernel/bpf/mprog.c).
func (c *call) anchor(flags, fdOrID uint32) (a anchor) {
	a.named = flags&(byID|byLink) != 0 || fdOrID != 0
	if !a.named {
		return a
	}
	if flags&byLink != 0 {
		a.link, a.errno = c.anchorLink(flags, fdOrID)
		if a.link != nil {
			a.prog = a.link.Program()
		}
		return a
	}
	a.prog, a.errno = c.anchorProgram(flags, fdOrID)
	return a
}

func (c *call) anchorLink(flags, fdOrID uint32) (*Link, abi.Errno) {
	switch {
	case flags&byID == 0 && fdOrID == 0:
		return nil, abi.EINVAL
	case flags&byID == 0:
		return c.link(int32(fdOrID))
	}
	if l, ok := c.kernel.links.hold(fdOrID); ok {
		return l, abi.OK
	}
	return nil, abi.ENOENT
}

func (c *call) anchorProgram(flags, fdOrID uint32) (*Program, abi.Errno) {
	if flags&byID == 0 {
		return c.program(int32(fdOrID))
	}
	if p, ok := c.kernel.progs.hold(fdOrID); ok {
		return p, abi.OK
	}
	return nil, abi.ENOENT
}

// release gives the reference back.
func (a *anchor) release() {
	switch {
	case a.link != nil:
		a.link.Release()
	case a.prog != nil:
		a.prog.Release()
	}
	*a = anchor{}
}

// drop gives the reference back when the hooks are unlocked: a link keeps nothing of what it was put next to.
func (h *hooks) drop(a *anchor) {
	switch {
	case a.link != nil:
		h.left = append(h.left, a.link)
	case a.prog != nil:
		h.left = append(h.left, a.prog)
	}
	*a = anchor{}
}
