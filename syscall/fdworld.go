package bpfsys

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// What an FDTable has beside BPF objects are files of which nothing is known (OpenForeign), sockets, cgroups and tasks. They have no
// contents: a socket is in the state that it was opened in until its last fd is closed, a task lives until it is ended.

// cookies, inodes and tasks are the numbers that were given out.
var cookies, inodes, tasks atomic.Uint64

// Task is what a pidfd is of.
type Task struct {
	number uint64
	ended  atomic.Bool
}

// NewTask starts a task.
func NewTask() *Task { return &Task{number: tasks.Add(1)} }

// End ends the task, and somebody waits for it.
func (t *Task) End() { t.ended.Store(true) }

// OpenTask opens a pidfd of a task.
func (t *FDTable) OpenTask(task *Task) (int32, abi.Errno) { return t.installThing(&File{thing: task}) }

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

// Inode is the open file itself (World); BPF objects all have the same one, as on Linux.
func (t *FDTable) Inode(fd int32) (maps.Owner, abi.Errno) {
	file := t.at(fd)
	switch {
	case file == nil:
		return maps.Owner{}, abi.EBADF
	case file.object != nil:
		return maps.Owner{}, abi.OK
	case file.inode.Load() == 0:
		file.inode.CompareAndSwap(0, inodes.Add(1))
	}
	return maps.Owner{ID: [3]uint64{file.inode.Load()}, Gone: func() bool { return file.refs.Load() == 0 }}, abi.OK
}

// Task finds the task of a pidfd (World).
func (t *FDTable) Task(fd int32) (maps.Owner, abi.Errno) {
	file := t.at(fd)
	if file == nil {
		return maps.Owner{}, abi.EBADF
	}
	task, ok := file.thing.(*Task)
	switch {
	case !ok:
		return maps.Owner{}, abi.EBADF
	case task.ended.Load():
		return maps.Owner{}, abi.ENOENT
	}
	return maps.Owner{ID: [3]uint64{task.number}, Gone: task.ended.Load}, abi.OK
}
