package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// call is one system call in progress: who calls and with what.
type call struct {
	kernel  *Kernel
	task    *maps.Task
	proc    *Process
	arena   *Arena   // the process's memory, where it may be used directly
	addr    uint64   // of the caller's attr, for results written back into it
	size    uint32   // of that attr
	attr    Fields   // before anything is written to user memory
	buffers *buffers // nil until something is needed
	used    *File    // the map's, once use has found it

	injected Fault // what Options.Fault had happen
}

// file finds the open file behind fd and holds it for the length of the call, as fdget does: errno is absent when fd
// is not open and abi.EINVAL when it is no BPF object.
//
// Where no machine watches, nobody can tell a call that ends after the last fd was closed from one that ended before,
// so it holds nothing, and calls on several CPUs write to no memory that they share.
func (c *call) file(fd int32, absent abi.Errno) (*File, abi.Errno) {
	file, open := c.proc.Files.Get(fd)
	switch {
	case !open:
		return nil, absent
	case file == nil:
		return nil, abi.EINVAL
	case c.task.Scheduler != nil && !file.tryHold():
		return nil, absent
	}
	return file, abi.OK
}

// rights are what a command asks of an fd.
type rights uint8

const (
	reading rights = 1 << iota
	writing
)

// use is file for commands that want a map and have rights on it; done must follow. A write counts as in progress
// before the permission is looked at, as in kernel/bpf/syscall.c.
func (c *call) use(fd int32, need rights) (*File, abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil, errno
	}
	if file.m == nil {
		c.leave(file)
		return nil, abi.EINVAL
	}
	if need&writing != 0 {
		file.m.writers.add(c.task.CPU, 1)
	}
	if need&reading != 0 && !file.canRead() || need&writing != 0 && !file.canWrite() {
		c.done(file, need)
		return nil, abi.EPERM
	}
	c.used = file
	return file, abi.OK
}

// done ends what use began.
func (c *call) done(file *File, need rights) {
	if need&writing != 0 {
		file.m.writers.add(c.task.CPU, -1)
	}
	c.leave(file)
}

// leave ends what file began.
func (c *call) leave(file *File) {
	if c.task.Scheduler != nil {
		file.Release()
	}
}
