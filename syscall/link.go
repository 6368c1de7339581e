package bpfsys

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// Link is a program that stays attached while somebody has a reference to the link: an fd or a pin.
type Link struct {
	kernel *Kernel
	id     uint32
	refs   atomic.Int32
	kind   *linkKind
	at     abi.AttachType
	place  attachment

	// These belong to the kernel's hooks and their lock.
	prog     *Program // with a reference
	attached bool
}

// attachment is what a link of some kind is attached to. What it answers of the place is told it: attached ends with
// LINK_DETACH.
type attachment interface {
	// attach attaches the link; the hooks are locked.
	attach(h *hooks, l *Link) abi.Errno
	// detach takes it away again; the hooks are locked.
	detach(h *hooks, l *Link)
	// info fills in what struct bpf_link_info has for the kind.
	info(i *linkInfo, l *Link, attached bool) abi.Errno
	// fdinfo writes the lines that the kind adds.
	fdinfo(b *strings.Builder, l *Link, attached bool)
}

// updater is an attachment whose link takes another program.
type updater interface {
	// update is whether the link of an attachment takes a program; the hooks are locked.
	update(h *hooks, l *Link, to *Program) abi.Errno
}

// holder is an attachment with references of its own.
type holder interface{ release() }

// ID is the link's id, unique among the kernel's live links.
func (l *Link) ID() uint32 { return l.id }

func (l *Link) setID(id uint32) { l.id = id }

// Type is the kind of the link.
func (l *Link) Type() abi.LinkType { return l.kind.link }

// AttachType is where the link is attached.
func (l *Link) AttachType() abi.AttachType { return l.at }

// Kind is the link text of an fd (bpf_link_new_fd in kernel/bpf/syscall.c).
func (l *Link) Kind() string { return "bpf-link" }

// Hold takes another reference.
func (l *Link) Hold() { l.refs.Add(1) }

func (l *Link) tryHold() bool { return holdLive(&l.refs) }

// Release drops a reference; the last one detaches the program and gives it back.
func (l *Link) Release() {
	if l.refs.Add(-1) != 0 {
		return
	}
	l.kernel.links.remove(l)
	l.detach()
	l.free()
}

// detach takes the link from where it is; it has its program still.
func (l *Link) detach() {
	h := &l.kernel.hooks
	h.mu.Lock()
	defer h.unlock()
	if l.attached {
		l.attached = false
		l.place.detach(h, l)
	}
}

// free gives back what a link holds that is attached nowhere.
func (l *Link) free() {
	if o, ok := l.place.(holder); ok {
		o.release()
	}
	if l.prog != nil {
		l.prog.Release()
	}
}

// now is what may change of a link.
func (l *Link) now() (p *Program, attached bool) {
	l.look()
	h := &l.kernel.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	return l.prog, l.attached
}

// FDInfo is the link's part of /proc/PID/fdinfo/FD (bpf_link_show_fdinfo in kernel/bpf/syscall.c).
func (l *Link) FDInfo() string {
	p, attached := l.now()
	var b strings.Builder
	fmt.Fprintf(&b, "link_type:\t%s\n", l.kind.text(l))
	fmt.Fprintf(&b, "link_id:\t%d\n", l.id)
	if p != nil {
		fmt.Fprintf(&b, "prog_tag:\t%x\n", p.Tag())
		fmt.Fprintf(&b, "prog_id:\t%d\n", p.id)
	}
	l.place.fdinfo(&b, l, attached)
	return b.String()
}

// Program is the program that is attached now. The caller has no reference to it.
func (l *Link) Program() *Program {
	p, _ := l.now()
	return p
}

// Links are the kernel's live links, ascending by id, for looking at them from outside. It takes no references.
func (k *Kernel) Links() []*Link {
	k.links.mu.RLock()
	defer k.links.mu.RUnlock()
	return slices.Clone(k.links.live)
}

// link finds the link behind fd and takes a reference for the caller (bpf_link_get_from_fd).
func (c *call) link(fd int32) (*Link, abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil, errno
	}
	defer c.leave(file)
	l, ok := file.object.(*Link)
	switch {
	case !ok:
		return nil, abi.EINVAL
	case !l.tryHold():
		return nil, abi.EBADF
	}
	return l, abi.OK
}
