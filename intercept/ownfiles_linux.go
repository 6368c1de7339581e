//go:build linux && (amd64 || arm64)

package intercept

import (
	"os"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// Path is where a path below /sys/fs/bpf is to be found, any other path as it is.
func (own *Own) Path(name string) string { return own.translate(own.kernel(), name) }

// OpenText opens what a client reads of objects, tracepoints and CPUs; ours is false for files that are the host's to open.
func (own *Own) OpenText(name string) (file *os.File, err error, ours bool) {
	c := own.begin()
	defer own.end(c)
	text, errno, ours := c.textOf(unix.AT_FDCWD, own.Path(name), true)
	switch {
	case !ours:
		return nil, nil, false
	case errno != abi.OK:
		return nil, &os.PathError{Op: "open", Path: name, Err: unix.Errno(errno)}, true
	}
	fd, err := textFile(text)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}, true
	}
	return os.NewFile(uintptr(fd), name), nil, true
}

// Readlink is the link text of an object's fd below /proc; ours is false for other links.
func (own *Own) Readlink(name string) (text string, ours bool) {
	c := own.begin()
	defer own.end(c)
	return c.linkOf(unix.AT_FDCWD, name)
}

// Statfs is statfs(2); ours is false for files that are the host's to tell of.
func (own *Own) Statfs(name string, st *unix.Statfs_t) (ours bool) {
	c := own.begin()
	defer own.end(c)
	magic := c.fileSystem(own.Path(name))
	if magic != 0 {
		*st = *statfsOf(magic)
	}
	return magic != 0
}

// MayMap is what mmap(2) of a fd finds wrong before the kernel is asked to make the mapping.
func (own *Own) MayMap(fd int, offset int64, length uintptr, prot, flags int) error {
	if flags&unix.MAP_SHARED == 0 || flags&unix.MAP_ANON != 0 {
		return nil
	}
	c := own.begin()
	defer own.end(c)
	return errorOf(c.prepareMapping(int32(fd), bpfsys.Mapping{Offset: uint64(offset), Length: uint64(length),
		Write: prot&unix.PROT_WRITE != 0, Exec: prot&unix.PROT_EXEC != 0, Shared: true}))
}

// EpollCtl is epoll_ctl(2); ours is false for fds that are no object's.
func (own *Own) EpollCtl(queue, op, fd int, event *unix.EpollEvent) (err error, ours bool) {
	c := own.begin()
	defer own.end(c)
	id, open := statFD(int32(fd))
	if !open || isPath(int32(fd)) {
		return nil, false
	}
	o := c.object(id)
	if o == nil {
		return nil, false
	}
	var wanted unix.EpollEvent
	if event != nil {
		wanted = *event
	}
	return errorOf(c.queueGate(queue, op, int32(fd), o, wanted)), true
}

// Object is what a fd stands for, nil when it is no object's.
func (own *Own) Object(fd int) bpfsys.Object {
	c := own.begin()
	defer own.end(c)
	file, _ := c.Get(int32(fd))
	if file == nil {
		return nil
	}
	return file.Object()
}

// LookAtGates comes before each wait in an epoll instance.
func (own *Own) LookAtGates() { own.gates.look() }

// PerfEventOpen is perf_event_open(2) with the attr at an address; ours is false for events that are the host's.
func (own *Own) PerfEventOpen(args bpfsys.PerfEventOpen) (fd int, err error, ours bool) {
	c := own.begin()
	defer own.end(c)
	kernel := c.kernel()
	entry := own.recorders.turn(kernel)
	own.objects.sweep()
	c.inherit = args.Flags&abi.PerfFlagCloexec == 0
	process := c.process
	if entry != nil {
		entry.BeginArgs(c.recorded(0), &process, abi.PerfEventOpen, args.Encode())
	}
	n, errno, ours := kernel.PerfEventOpen(&maps.Task{}, &process, args)
	endRecorded(entry, n, errno, ours)
	return int(n), errorOf(errno), ours
}

// PerfEventIoctl is ioctl(2) of a perf event.
func (own *Own) PerfEventIoctl(fd int, request abi.PerfRequest, arg uint64) (err error, ours bool) {
	c := own.begin()
	defer own.end(c)
	kernel := c.kernel()
	entry := own.recorders.turn(kernel)
	if request == abi.PerfSetBPF { // a link that was closed leaves its event
		own.objects.sweep()
	}
	process := c.process
	if entry != nil {
		entry.BeginArgs(c.recorded(0), &process, abi.PerfIoctl, bpfsys.PerfIoctlArgs(int32(fd), request, arg))
	}
	errno, ours := kernel.PerfEventIoctl(&maps.Task{}, &process, int32(fd), request, arg)
	endRecorded(entry, 0, errno, ours)
	return errorOf(errno), ours
}

// RaiseMemlock sets RLIMIT_MEMLOCK as far as the hard limit goes: maps here need no locked memory.
func (own *Own) RaiseMemlock(limit unix.Rlimit) (old unix.Rlimit, err error) {
	if limit.Cur > limit.Max {
		return old, unix.EINVAL
	}
	return raiseMemlock(own.pid, limit)
}

func errorOf(errno abi.Errno) error {
	if errno == abi.OK {
		return nil
	}
	return unix.Errno(errno)
}
