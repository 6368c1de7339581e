package bpfsys

import "sync/atomic"

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

// Release drops a reference; the last one releases the map.
func (f *File) Release() {
	if f.refs.Add(-1) == 0 && f.m != nil {
		f.m.Release()
	}
}
