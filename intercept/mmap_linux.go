//go:build linux && (amd64 || arm64)

package intercept

import (
	"os"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// mmap answers for a shared mapping of a map's fd, or prepares it and lets the kernel make it.
func (c *call) mmap() bool {
	prot, flags := c.Args[2], c.Args[3]
	errno := c.prepareMapping(int32(c.Args[4]), bpfsys.Mapping{Offset: c.Args[5], Length: c.Args[1], Write: prot&unix.PROT_WRITE != 0,
		Exec: prot&unix.PROT_EXEC != 0, Shared: flags&unix.MAP_SHARED != 0})
	if errno == abi.OK {
		return false
	}
	c.answer(0, errno)
	return true
}

// prepareMapping is what mmap(2) of an object finds wrong, and OK where the kernel can be let to make the mapping. What the kernel finds
// wrong with a call before it looks at the fd is left to it.
func (c *call) prepareMapping(fd int32, want bpfsys.Mapping) abi.Errno {
	id, open := c.caller().stat(fd)
	if !open || want.Offset%uint64(os.Getpagesize()) != 0 {
		return abi.OK
	}
	o := c.object(id)
	if o == nil || !c.caller().usable(fd) {
		return abi.OK
	}
	if errno := o.file.MayMap(want); errno != abi.OK {
		return errno
	}
	return c.reopen(fd, o, want.Write)
}

// reopen puts a fd of o's in the place of fd that is open for writing or not, as the mapping to be made asks for. As
// on Linux a mapping that was made for reading then stays so, whatever mprotect(2) asks for, and does not keep
// BPF_MAP_FREEZE from working.
func (c *call) reopen(fd int32, o *object, write bool) abi.Errno {
	want := unix.O_RDONLY
	if write {
		want = unix.O_RDWR
	}
	flags := c.caller().flags(fd)
	if flags&unix.O_ACCMODE == want {
		return abi.OK
	}
	source, err := o.memfd.open(want)
	if err != nil {
		return errnoOf(err)
	}
	defer unix.Close(source)
	if c.listener == noListener {
		return replaceFD(source, fd, flags&unix.O_CLOEXEC)
	}
	_, errno := install(c.listener, &addFD{ID: c.ID, Flags: unix.SECCOMP_ADDFD_FLAG_SETFD, SourceFD: uint32(source),
		NewFD: uint32(fd), FDFlags: uint32(flags & unix.O_CLOEXEC)})
	return abi.Errno(errno)
}

// fcntl answers for the commands that only a memfd and its like understand.
func (c *call) fcntl() bool {
	fd := int32(c.Args[0])
	id, open := c.caller().stat(fd)
	if !open || !c.caller().usable(fd) {
		return false
	}
	o := c.object(id)
	if o == nil {
		return false
	}
	errno := abi.EINVAL
	if c.Args[1] == unix.F_ADD_SEALS && !o.file.Access().CanWrite() {
		errno = abi.EPERM // memfd_add_seals in the kernel's mm/memfd.c looks at the mode first
	}
	c.answer(0, errno)
	return true
}
