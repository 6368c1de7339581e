package bpfsys

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// What an FDTable has beside BPF objects are files of which nothing is known (OpenForeign), sockets and cgroups. They have no
// contents: a socket is in the state that it was opened in until its last fd is closed.

// cookies are the socket cookies that were given out.
var cookies atomic.Uint64

// OpenSocket opens a socket. It gets a cookie where it has none, and is Closed when its last fd is.
func (t *FDTable) OpenSocket(s Socket) (int32, abi.Errno) {
	if s.Cookie == 0 {
		s.Cookie = cookies.Add(1)
	}
	file := &File{}
	s.Closed = func() bool { return file.refs.Load() == 0 }
	file.thing = s
	return t.installThing(file)
}

// OpenCgroup opens the directory of the cgroup with that id.
func (t *FDTable) OpenCgroup(id uint64) (int32, abi.Errno) { return t.installThing(&File{thing: id}) }

func (t *FDTable) installThing(file *File) (int32, abi.Errno) {
	file.refs.Store(1)
	return t.Install(file)
}

// Socket finds a socket (World).
func (t *FDTable) Socket(fd int32) (Socket, abi.Errno) {
	file := t.at(fd)
	if file == nil {
		return Socket{}, abi.EBADF
	}
	s, ok := file.thing.(Socket)
	if !ok {
		return Socket{}, abi.ENOTSOCK
	}
	return s, abi.OK
}

// Cgroup finds a cgroup (World).
func (t *FDTable) Cgroup(fd int32) (uint64, abi.Errno) {
	if file := t.at(fd); file != nil {
		if id, ok := file.thing.(uint64); ok {
			return id, abi.OK
		}
	}
	return 0, abi.EBADF
}
