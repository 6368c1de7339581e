package bpfsys

import (
	"bytes"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// objPin follows bpf_obj_pin in kernel/bpf/syscall.c: the fd is looked at before the path.
func (c *call) objPin() (int32, abi.Errno) {
	var args ObjPin
	args.Decode(c.attr)
	if args.Flags&^c.kernel.pathFlags() != 0 {
		return 0, abi.EINVAL
	}
	dir, errno := args.dir()
	if errno != abi.OK {
		return 0, errno
	}
	file, errno := c.file(args.FD, abi.EINVAL)
	if errno != abi.OK {
		return 0, errno
	}
	defer c.leave(file)
	switch file.object.(type) {
	case *Map, *Program, *Link:
	default:
		return 0, abi.EINVAL
	}
	path, errno := c.path(args.Pathname, dir)
	if errno != abi.OK {
		return 0, errno
	}
	return 0, c.proc.FS.Pin(dir, path, file.object)
}

// objGet follows bpf_obj_get in kernel/bpf/syscall.c.
func (c *call) objGet() (int32, abi.Errno) {
	var args ObjGet
	args.Decode(c.attr)
	if args.FD != 0 || args.Flags&^(accessFlags|c.kernel.pathFlags()) != 0 {
		return 0, abi.EINVAL
	}
	dir, errno := (*ObjPin)(&args).dir()
	if errno != abi.OK {
		return 0, errno
	}
	access, errno := accessOf(args.Flags)
	if errno != abi.OK {
		return 0, errno
	}
	path, errno := c.path(args.Pathname, dir)
	if errno != abi.OK {
		return 0, errno
	}
	o, errno := c.proc.FS.Open(dir, path, access)
	if errno != abi.OK {
		return 0, errno
	}
	switch o.(type) {
	case *Link:
		if access != ReadWrite {
			o.Release()
			return 0, abi.EINVAL
		}
		access = ReadOnly
	case *Program:
		access = ReadWrite // the fds of programs have no modes
	}
	return c.install(o, access)
}

// pathFlags are those that say what a path is relative to.
func (k *Kernel) pathFlags() uint32 {
	if k.profile.NoPathFD {
		return 0
	}
	return abi.FlagPathFD
}

// dir is the directory that a relative path starts from. path_fd must be 0 unless its flag is set.
func (a *ObjPin) dir() (int32, abi.Errno) {
	switch {
	case a.Flags&abi.FlagPathFD != 0:
		return a.PathFD, abi.OK
	case a.PathFD != 0:
		return 0, abi.EINVAL
	}
	return AtCWD, abi.OK
}

// maxPath is PATH_MAX: the longest path with its NUL, in bytes.
const maxPath = 4096

// path reads a file name that is relative to dir.
func (c *call) path(addr uint64, dir int32) (string, abi.Errno) {
	path, errno := c.fileName(addr)
	if errno != abi.OK || path[0] == '/' || dir == AtCWD {
		return path, errno
	}
	if !c.proc.Files.IsOpen(dir) {
		return "", abi.EBADF
	}
	return path, abi.OK
}

// fileName reads a string from user memory (getname in fs/namei.c).
func (c *call) fileName(addr uint64) (string, abi.Errno) {
	c.task.Step(maps.PointUser)
	buf := c.kept().page[:maxPath]
	n := readString(c.proc.Mem, buf, addr)
	end := bytes.IndexByte(buf[:n], 0)
	switch {
	case end < 0 && n < maxPath:
		return "", abi.EFAULT
	case end < 0:
		return "", abi.ENAMETOOLONG
	case end == 0:
		return "", abi.ENOENT
	}
	return string(buf[:end]), abi.OK
}
