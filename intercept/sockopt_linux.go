//go:build linux && (amd64 || arm64)

package intercept

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// setsockopt answers the options that attach programs to sockets and detach them.
func (c *call) setsockopt() bool {
	if c.Number != unix.SYS_SETSOCKOPT {
		return false
	}
	a := &c.Args
	args := bpfsys.SetSocketOption{FD: int32(a[0]), Option: abi.SocketOption(a[2]), Value: a[3], Length: int32(a[4])}
	c.supervisor.objects.sweep()
	process := c.process()
	kernel := c.kernel()
	errno, ours := kernel.SetSocketOption(&maps.Task{}, &process, args)
	if !ours {
		return false
	}
	if errno == abi.OK {
		c.recorders.beside(kernel, "setsockopt")
		c.dropHostFilter(args)
	}
	c.dropObjects()
	c.answer(0, errno)
	return true
}

// dropHostFilter removes the classic program that one of ours has replaced.
func (c *call) dropHostFilter(args bpfsys.SetSocketOption) {
	detach := map[abi.SocketOption]int{
		abi.SocketAttachBPF: unix.SO_DETACH_FILTER, abi.SocketAttachReuseportEBPF: unix.SO_DETACH_REUSEPORT_BPF,
	}
	option, attached := detach[args.Option]
	if !attached {
		return
	}
	if borrowed, err := c.caller().borrow(args.FD); err == nil {
		_ = unix.SetsockoptInt(borrowed, unix.SOL_SOCKET, option, 0) // ENOENT where there was none
		unix.Close(borrowed)
	}
}
