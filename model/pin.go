package model

import (
	"bytes"
	"maps"

	"github.com/bpfsim/bpfsim/abi"
)

// pin is OBJ_PIN (bpf_obj_pin in kernel/bpf/syscall.c, bpf_obj_pin_user in kernel/bpf/inode.c): the fd comes before the
// path name.
func (x *run) pin() abi.Errno {
	if x.u32(abi.ObjFileFlags)&^x.pathFlag() != 0 || x.strayPathFD() {
		return abi.EINVAL
	}
	f, open := x.state.files.get(int32(x.u32(abi.ObjBPFFD)))
	if !open || f.serial == 0 || !x.state.object(f.serial).pinnable() { // not EBADF (measured)
		return abi.EINVAL
	}
	p, errno := x.path()
	if errno != abi.OK || x.loose {
		return errno
	}
	if errno := x.state.tree.free(p); errno != abi.OK {
		return errno
	}
	x.state.tree = maps.Clone(x.state.tree)
	x.state.tree[p.path()] = f.serial
	return abi.OK
}

// pinnable reports what a pin can be of.
func (o *object) pinnable() bool {
	return o.class() != ofBTF && o.class() != ofEvents && o.class() != ofIters
}

// get is OBJ_GET.
func (x *run) get() (int32, abi.Errno) {
	flags := x.u32(abi.ObjFileFlags)
	if x.u32(abi.ObjBPFFD) != 0 || flags&^(fdFlags|x.pathFlag()) != 0 || x.strayPathFD() || flags&fdFlags == fdFlags {
		return 0, abi.EINVAL
	}
	p, errno := x.path()
	if errno != abi.OK || x.loose {
		return 0, errno
	}
	serial, exists := x.state.tree[p.path()]
	switch {
	case x.state.tree.directory(p.path()): // no bpf object
		return 0, abi.EACCES
	case !exists:
		return 0, x.state.tree.absent(p)
	case p.slash:
		return 0, abi.ENOTDIR
	}
	if x.state.object(serial).link.is && flags&fdFlags != 0 {
		return 0, abi.EINVAL
	}
	return x.newFD(serial, accessOf(flags))
}

// strayPathFD reports a path_fd that no flag asks for.
func (x *run) strayPathFD() bool {
	return x.u32(abi.ObjFileFlags)&abi.FlagPathFD == 0 && x.u32(abi.ObjPathFD) != 0
}

// path reads and resolves the path name. Of paths that are not below the BPF file system's mount point nothing is known
// but that they give no pin.
func (x *run) path() (place, abi.Errno) {
	name, errno := x.pathName()
	if errno != abi.OK {
		return place{}, errno
	}
	p, errno := x.state.tree.walk(x.state.config.BPFFS, name)
	if errno == abi.OK && !p.inside {
		x.loose = x.seen.Errno != abi.OK
		return p, abi.EPERM
	}
	return p, errno
}

// pathName copies a NUL-terminated name of at most 4095 bytes (getname in fs/namei.c).
func (x *run) pathName() (string, abi.Errno) {
	name := x.user.prefix(x.u64(abi.ObjPathname), maxPath)
	n := bytes.IndexByte(name, 0)
	switch {
	case n < 0 && len(name) < maxPath:
		return "", abi.EFAULT
	case n < 0:
		return "", abi.ENAMETOOLONG
	case n == 0:
		return "", abi.ENOENT
	}
	return string(name[:n]), abi.OK
}
