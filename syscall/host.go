package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Host is what a process's machine has beside maps, as queries about programs ask for it. All of it may change at any
// time.
type Host interface {
	// Kind is what an open fd of the process refers to.
	Kind(fd int32) FileKind
	// TaskFD reports whether a process with that id exists and whether fd is open in it, and finds its file where that is a BPF
	// object.
	TaskFD(pid uint32, fd int32) (file *File, exists, open bool)
	// Device reports whether there is a network device with that index.
	Device(index uint32) bool
	// DeviceGone tells later, and to anybody, whether the device with that index does not exist any more.
	DeviceGone(index uint32) func() bool
	// CgroupGone does so of the cgroup v2 behind fd, and NetNSGone of the network namespace; nil means never.
	CgroupGone(fd int32) func() bool
	NetNSGone(fd int32) func() bool
	// CgroupLine are the ids of the cgroup v2 behind fd and of those above it, up to the root; none where Cgroup has an errno.
	CgroupLine(fd int32) []uint64
	// NetNS is the inode number of the network namespace behind fd, 0 where it is none.
	NetNS(fd int32) uint64
	// OwnNetNS is that of the process's own one.
	OwnNetNS() uint64
	// Tracepoint reports whether the kernel has a tracepoint of that name.
	Tracepoint(name string) bool
	// Function is the address of one of the kernel's functions, 0 where the host hides it; false when there is none.
	Function(name string) (addr uint64, exists bool)
	// Executable is the path without links of a regular file, for probes in it.
	Executable(path string) (string, abi.Errno)
	World
}

// World is what fds refer to that maps hold, or that their keys name.
type World interface {
	// Socket is the socket behind fd: EBADF when it is not open, ENOTSOCK when it is something else.
	Socket(fd int32) (Socket, abi.Errno)
	// Cgroup is the id of the cgroup v2 whose directory fd is: EBADF when it is none, ENOENT when it was removed.
	Cgroup(fd int32) (id uint64, errno abi.Errno)
	// Inode is the file behind fd, O_PATH fds included: EBADF when it is not open.
	Inode(fd int32) (maps.Owner, abi.Errno)
	// Task is the task of a pidfd: EBADF when fd is none, ENOENT when the task has ended and been waited for.
	Task(fd int32) (maps.Owner, abi.Errno)
}

// SocketState is the state of a socket as far as maps tell them apart.
type SocketState uint8

// The states of sockets. A UDP socket is Bound as soon as it has a port, and Established when it has a peer.
const (
	Unbound SocketState = iota
	Bound
	Listening
	Established
)

// Socket is a socket as maps see it. Family, Type and Protocol are those of socket(2).
type Socket struct {
	Cookie                 uint64 // SO_COOKIE
	Family, Type, Protocol int
	State                  SocketState
	Reuse                  bool   // bound with SO_REUSEPORT
	Group                  string // names the sockets that share an address by it; "" while the socket is in no group
	Locked                 bool   // by SO_LOCK_FILTER
	// Closed reports whether the last fd is closed. It may be called at any time, by anybody; nil means never.
	Closed func() bool
}

// FileKind is what an fd can refer to that is no BPF object.
type FileKind uint8

// The kinds of files that commands tell apart.
const (
	OtherFile FileKind = iota
	CgroupDir          // a directory of cgroup v2
	NetNS              // a network namespace
	BPFFSRoot          // the root directory of a bpffs
)

// host is who is asked about what is no BPF object.
func (p *Process) host() Host {
	if p.Host != nil {
		return p.Host
	}
	if w, ok := p.Files.(World); ok {
		return SmallHost{w}
	}
	return SmallHost{EmptyWorld{p.Files}}
}

// EmptyWorld is a world of files of which nothing is known.
type EmptyWorld struct{ Files Files }

// Socket finds none.
func (w EmptyWorld) Socket(fd int32) (Socket, abi.Errno) {
	if _, open := w.Files.Get(fd); !open {
		return Socket{}, abi.EBADF
	}
	return Socket{}, abi.ENOTSOCK
}

// Cgroup finds none.
func (w EmptyWorld) Cgroup(int32) (uint64, abi.Errno) { return 0, abi.EBADF }

// Inode takes all files for the same.
func (w EmptyWorld) Inode(fd int32) (maps.Owner, abi.Errno) {
	if !w.Files.IsOpen(fd) {
		return maps.Owner{}, abi.EBADF
	}
	return maps.Owner{}, abi.OK
}

// Task finds none.
func (w EmptyWorld) Task(int32) (maps.Owner, abi.Errno) { return maps.Owner{}, abi.EBADF }
