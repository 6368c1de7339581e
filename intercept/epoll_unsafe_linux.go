//go:build linux && (amd64 || arm64)

package intercept

import (
	"unsafe"

	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// epollCtl does what a program asks of an epoll instance of its own about the fd of an object, with the object's gate in
// the place of the fd.
func (c *call) epollCtl() bool {
	queue, op, fd := int32(c.Args[0]), int(int32(c.Args[1])), int32(c.Args[2])
	id, open := c.stat(fd)
	if !open {
		return false
	}
	o := c.object(id)
	if o == nil || !c.caller().usable(fd) {
		return false
	}
	c.answer(0, c.queue(queue, op, fd, o))
	return true
}

// queue is epoll_ctl(2) for the gate of o, in the kernel's order (fs/eventpoll.c).
func (c *call) queue(queue int32, op int, fd int32, o *object) abi.Errno {
	var event unix.EpollEvent
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&event)), unsafe.Sizeof(event))
	if op != unix.EPOLL_CTL_DEL && c.memory.Read(raw, c.Args[3]) < len(raw) {
		return abi.EFAULT
	}
	borrowed, err := c.caller().borrow(queue)
	if err != nil {
		return errnoOf(err)
	}
	defer unix.Close(borrowed)
	return c.queueGate(borrowed, op, fd, o, event)
}

// queueGate does so in an instance that this process has.
func (c *call) queueGate(queue, op int, fd int32, o *object, event unix.EpollEvent) abi.Errno {
	g, errno := c.supervisor.objects.gate(o, c.gates)
	if errno != abi.OK {
		return errno
	}
	stands, err := g.fdFor(fd)
	if err != nil {
		return errnoOf(err)
	}
	g.look()
	event.Events = g.interest(event.Events)
	if err := unix.EpollCtl(queue, op, stands, &event); err != nil {
		return errnoOf(err)
	}
	return abi.OK
}
