//go:build linux && (amd64 || arm64)

package intercept

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// perf answers the calls on perf events that BPF programs or maps have to do with, and leaves others to the host.
func (c *call) perf() bool {
	switch c.Number {
	case unix.SYS_PERF_EVENT_OPEN:
		return c.openPerfEvent()
	case unix.SYS_IOCTL:
		return c.perfIoctl()
	}
	return false
}

func (c *call) openPerfEvent() bool {
	a := &c.Args
	args := bpfsys.PerfEventOpen{Attr: a[0], PID: int32(a[1]), CPU: int32(a[2]), Group: int32(a[3]), Flags: a[4]}
	kernel := c.kernel()
	entry := c.recorders.turn(kernel)
	c.supervisor.objects.sweep()
	c.inherit = args.Flags&abi.PerfFlagCloexec == 0
	process := c.process()
	if entry != nil {
		entry.BeginArgs(c.recorded(0), &process, abi.PerfEventOpen, args.Encode())
	}
	fd, errno, ours := kernel.PerfEventOpen(&maps.Task{}, &process, args)
	endRecorded(entry, fd, errno, ours)
	if ours {
		c.dropObjects()
		c.answer(int64(fd), errno)
	}
	return ours
}

func (c *call) perfIoctl() bool {
	kernel := c.kernel()
	entry := c.recorders.turn(kernel)
	if abi.PerfRequest(c.Args[1]) == abi.PerfSetBPF { // a link that was closed leaves its event
		c.supervisor.objects.sweep()
	}
	process := c.process()
	if entry != nil {
		entry.BeginArgs(c.recorded(0), &process, abi.PerfIoctl, bpfsys.PerfIoctlArgs(int32(c.Args[0]), abi.PerfRequest(c.Args[1]), c.Args[2]))
	}
	errno, ours := kernel.PerfEventIoctl(&maps.Task{}, &process, int32(c.Args[0]), abi.PerfRequest(c.Args[1]), c.Args[2])
	endRecorded(entry, 0, errno, ours)
	if ours {
		c.dropObjects()
		c.answer(0, errno)
	}
	return ours
}
