package bpfsys

import (
	"encoding/binary"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// call is one system call in progress: who calls, the copied attr, and the kernel's buffers. Calls are pooled, so that
// element operations allocate nothing once the buffers have grown.
type call struct {
	kernel *Kernel
	task   *maps.Task
	proc   *Process
	addr   uint64 // of the caller's attr, for results written back into it
	attr   Attr
	given  int   // bytes of attr that the caller passed
	batch  batch // kept here, as dump is, so that it is not allocated for every call
	dump   dump
	sweep  maps.Sweep
	walked bool // batch, dump or sweep was used

	page   [abi.MaxAttrSize]byte
	word   [4]byte
	key    []byte
	next   []byte
	value  []byte
	keys   []byte // a bucket's keys
	values []byte // a bucket's values
	// swollen means that a buffer is larger than a call may keep.
	swollen bool
}

var calls = sync.Pool{New: func() any { return new(call) }}

// begin takes a call from the pool.
func begin(k *Kernel, t *maps.Task, p *Process, attr uint64) *call {
	c := calls.Get().(*call)
	c.kernel, c.task, c.proc, c.addr = k, t, p, attr
	return c
}

// maxKept bounds the buffers that a pooled call keeps, in bytes: one huge value must not stay for ever.
const maxKept = 1 << 20

// end puts the call back. It clears what points to others' memory.
func (c *call) end() {
	c.kernel, c.task, c.proc = nil, nil, nil
	if c.walked {
		c.walked, c.batch, c.dump, c.sweep = false, batch{}, dump{}, maps.Sweep{}
	}
	if c.swollen {
		c.swollen, c.key, c.next, c.value, c.keys, c.values = false, nil, nil, nil, nil, nil
	}
	calls.Put(c)
}

// sized gives *b, one of the call's buffers, n bytes, reusing its memory.
func (c *call) sized(b *[]byte, n int) []byte {
	if cap(*b) < n {
		*b = make([]byte, n)
		c.swollen = c.swollen || n > maxKept
	}
	*b = (*b)[:n]
	return *b
}

// copyIn fills p from user memory.
func (c *call) copyIn(p []byte, addr uint64) abi.Errno {
	c.task.Step(maps.PointUser)
	if c.proc.Mem.Read(p, addr) < len(p) {
		return abi.EFAULT
	}
	return abi.OK
}

// copyOut writes p to user memory; the bytes before a fault stay written.
func (c *call) copyOut(addr uint64, p []byte) abi.Errno {
	c.task.Step(maps.PointUser)
	if c.proc.Mem.Write(addr, p) < len(p) {
		return abi.EFAULT
	}
	return abi.OK
}

// copyWordOut is copyOut of a 32-bit number.
func (c *call) copyWordOut(addr uint64, v uint32) abi.Errno {
	binary.LittleEndian.PutUint32(c.word[:], v)
	return c.copyOut(addr, c.word[:])
}

// getWord reads a 32-bit number from user memory.
func (c *call) getWord(addr uint64) (uint32, abi.Errno) {
	errno := c.copyIn(c.word[:], addr)
	return binary.LittleEndian.Uint32(c.word[:]), errno
}

// putWord writes a 32-bit number with one store (put_user): all of it or nothing.
func (c *call) putWord(addr uint64, v uint32) abi.Errno {
	c.task.Step(maps.PointUser)
	old := c.page[:4]
	c.proc.Mem.Read(old, addr)
	binary.LittleEndian.PutUint32(c.word[:], v)
	n := c.proc.Mem.Write(addr, c.word[:])
	if n == len(c.word) {
		return abi.OK
	}
	c.proc.Mem.Write(addr, old[:n])
	return abi.EFAULT
}

// file finds the open file behind fd and holds it for the length of the call, as fdget does: errno is absent when fd
// is not open and abi.EINVAL when it is no BPF object.
func (c *call) file(fd int32, absent abi.Errno) (*File, abi.Errno) {
	file, open := c.proc.Files.Get(fd)
	switch {
	case !open:
		return nil, absent
	case file == nil:
		return nil, abi.EINVAL
	case !file.enter(c.task.CPU):
		return nil, absent
	}
	return file, abi.OK
}

// mapFile is file for commands that want a map.
func (c *call) mapFile(fd int32) (*File, abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno == abi.OK && file.m == nil {
		c.leave(file)
		return nil, abi.EINVAL
	}
	return file, errno
}

// rights are what a command asks of an fd.
type rights uint8

const (
	reading rights = 1 << iota
	writing
)

// use is mapFile for a command that needs rights on the elements; done must follow. A write counts as in progress
// before the permission is looked at, as in kernel/bpf/syscall.c.
func (c *call) use(fd int32, need rights) (*File, abi.Errno) {
	file, errno := c.mapFile(fd)
	if errno != abi.OK {
		return nil, errno
	}
	if need&writing != 0 {
		file.m.writers.add(c.task.CPU, 1)
	}
	if need&reading != 0 && !file.canRead() || need&writing != 0 && !file.canWrite() {
		c.done(file, need)
		return nil, abi.EPERM
	}
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
func (c *call) leave(file *File) { file.leave(c.task.CPU) }
