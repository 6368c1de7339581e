package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// Host is what a process's machine has beside maps, as queries about programs ask for it. All of it may change at any
// time.
type Host interface {
	// Kind is what an open fd of the process refers to.
	Kind(fd int32) FileKind
	// TaskFD reports whether a process with that id exists and whether fd is open in it.
	TaskFD(pid uint32, fd int32) (exists, open bool)
	// Device reports whether there is a network device with that index.
	Device(index uint32) bool
	// DeviceGone tells later, and to anybody, whether the device with that index does not exist any more.
	DeviceGone(index uint32) func() bool
	World
}

// World is what fds refer to that maps hold, or that their keys name.
type World interface {
	// Socket is the socket behind fd: EBADF when it is not open, ENOTSOCK when it is something else.
	Socket(fd int32) (Socket, abi.Errno)
	// Cgroup is the id of the cgroup v2 whose directory fd is: EBADF when it is none.
	Cgroup(fd int32) (id uint64, errno abi.Errno)
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
	Reuse                  bool // bound with SO_REUSEPORT
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

// Without a Host there are no such files, no other process and no network device but lo. Of sockets and cgroups there are
// those that the fd table has.

// world is where the process's fds lead.
func (p *Process) world() World {
	if p.Host != nil {
		return p.Host
	}
	if w, ok := p.Files.(World); ok {
		return w
	}
	return EmptyWorld{p.Files}
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

func (p *Process) kind(fd int32) FileKind {
	if p.Host == nil {
		return OtherFile
	}
	return p.Host.Kind(fd)
}

func (p *Process) taskFD(pid uint32, fd int32) (exists, open bool) {
	if p.Host == nil {
		return false, false
	}
	return p.Host.TaskFD(pid, fd)
}

func (p *Process) device(index uint32) bool {
	if p.Host == nil {
		return index == loopback
	}
	return p.Host.Device(index)
}

// deviceGone asks about a device of the process's later on.
func (p *Process) deviceGone(index uint32) func() bool {
	if p.Host == nil {
		return func() bool { return false }
	}
	return p.Host.DeviceGone(index)
}
