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

// File is an open file description: what fds, dup and fork share. It holds one reference to its map.
type File struct {
	m      *Map // nil for the probe programs of ProgLoad
	access Access
	refs   atomic.Int32
}

// NewFile opens m with one reference for the caller and takes over the caller's reference to m.
func NewFile(m *Map, access Access) *File {
	f := &File{m: m, access: access}
	f.refs.Store(1)
	return f
}

// Map is the file's map, nil when the file is a program.
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

// Release drops a reference; the last one releases the map.
func (f *File) Release() {
	if f.refs.Add(-1) == 0 && f.m != nil {
		f.m.Release()
	}
}
