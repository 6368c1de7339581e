package bpfsys

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// Access is what an open file may be used for; BPF_F_RDONLY and BPF_F_WRONLY narrow it.
type Access uint8

// The access modes of an fd.
const (
	ReadWrite Access = iota
	ReadOnly
	WriteOnly
)

// CanRead reports whether elements may be read through the fd.
func (a Access) CanRead() bool { return a != WriteOnly }

// CanWrite reports whether elements may be changed through the fd.
func (a Access) CanWrite() bool { return a != ReadOnly }

// Object is what an open file is of: a *Map, a *BTF or a *Program.
type Object interface {
	// Hold takes another reference.
	Hold()
	// Release drops a reference.
	Release()
	// Kind is the link text of an fd, behind "anon_inode:".
	Kind() string
	// FDInfo is what /proc/PID/fdinfo/FD says of it.
	FDInfo() string
}

// File is an open file description: what fds, dup and fork share. It holds one reference to its object.
type File struct {
	object Object
	m      *Map // the object, nil when it is no map
	access Access
	kind   string        // link text of its fds, "" for the object's
	thing  any           // a Socket, a cgroup's id or a *Task, of a file that is no BPF object
	inode  atomic.Uint64 // 0 until somebody asks
	refs   atomic.Int32
}

// NewFile opens an object with one reference for the caller and takes over the caller's reference to it.
func NewFile(o Object, access Access) *File {
	f := &File{object: o, access: access}
	if f.m, _ = o.(*Map); f.m != nil {
		f.m.users.Add(1)
	}
	f.refs.Store(1)
	return f
}

// As is the file with a link text that differs from that of the object's other fds.
func (f *File) As(kind string) *File {
	f.kind = kind
	return f
}

// Kind is the link text of its fds, behind "anon_inode:".
func (f *File) Kind() string {
	if f.kind != "" {
		return f.kind
	}
	return f.object.Kind()
}

// Object is what the file is of.
func (f *File) Object() Object { return f.object }

// Kernel is the one that has made what the file is of; nil for what is no object of bpf(2).
func (f *File) Kernel() *Kernel {
	switch o := f.object.(type) {
	case *Map:
		return o.kernel
	case *Program:
		return o.kernel
	case *Link:
		return o.kernel
	case *BTF:
		return o.kernel
	case *PerfEvent:
		return o.kernel
	case *Iter:
		return o.prog.kernel
	}
	return nil
}

// Map is the file's map, nil when the file is of something else.
func (f *File) Map() *Map { return f.m }

// Access is the file's access mode.
func (f *File) Access() Access { return f.access }

// Hold takes another reference, as dup does.
func (f *File) Hold() { f.refs.Add(1) }

// tryHold is Hold unless the last reference is gone already.
func (f *File) tryHold() bool { return holdLive(&f.refs) }

// canRead reports whether elements may be read through the file.
func (f *File) canRead() bool { return f.access.CanRead() }

// canWrite reports whether elements may be changed through the file: a frozen map takes the right from all of them
// (map_get_sys_perms in kernel/bpf/syscall.c).
func (f *File) canWrite() bool { return f.access.CanWrite() && !f.m.Frozen() }

// accessOf reads the access mode out of flags: EINVAL for both restrictions at once.
func accessOf(flags uint32) (Access, abi.Errno) {
	switch flags & (abi.FlagReadOnly | abi.FlagWriteOnly) {
	case 0:
		return ReadWrite, abi.OK
	case abi.FlagReadOnly:
		return ReadOnly, abi.OK
	case abi.FlagWriteOnly:
		return WriteOnly, abi.OK
	}
	return 0, abi.EINVAL
}

// Release drops a reference; the last one releases the object. The files that are no BPF objects have none.
func (f *File) Release() {
	if f.refs.Add(-1) != 0 || f.object == nil {
		return
	}
	if f.m != nil {
		f.m.endUse()
		if f.m.holder != nil {
			f.m.holder.Left(f)
		}
	}
	f.object.Release()
}
