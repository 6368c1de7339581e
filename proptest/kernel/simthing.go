package kernel

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// thing is one of program.Things.
type thing struct {
	what   string
	socket bpfsys.Socket // its cookie is 0 for what is no socket
}

// Numbers of socket(2), which are not the same on all systems.
const (
	afUnix, afInet        = 1, 2
	sockStream, sockDgram = 1, 2
)

// socketOf are the sockets among program.Things.
var socketOf = map[string]bpfsys.Socket{
	"tcp":           {Family: afInet, Type: sockStream, Protocol: 6},
	"tcp-listening": {Family: afInet, Type: sockStream, Protocol: 6, State: bpfsys.Listening},
	"tcp-connected": {Family: afInet, Type: sockStream, Protocol: 6, State: bpfsys.Established},
	"tcp-group":     {Family: afInet, Type: sockStream, Protocol: 6, State: bpfsys.Listening, Reuse: true},
	"udp":           {Family: afInet, Type: sockDgram, Protocol: 17},
	"udp-bound":     {Family: afInet, Type: sockDgram, Protocol: 17, State: bpfsys.Bound},
	"udp-group":     {Family: afInet, Type: sockDgram, Protocol: 17, State: bpfsys.Bound, Reuse: true},
	"unix":          {Family: afUnix, Type: sockStream},
	"unix-pair":     {Family: afUnix, Type: sockStream, State: bpfsys.Established},
	"unix-datagram": {Family: afUnix, Type: sockDgram},
}

// open opens a thing. Sockets' cookies count up, as the others' are made to look.
func (t *fdTable) open(fd int32, what string) abi.Errno {
	if !program.OurFD(fd) {
		return abi.EBADF
	}
	opened := &thing{what: what, socket: socketOf[what]}
	if opened.socket.Family != 0 {
		t.sockets++
		opened.socket.Cookie = t.sockets
		opened.socket.Closed = func() bool { return !t.refers(opened) }
	}
	t.put(fd, nil)
	t.at(fd).thing = opened
	return abi.OK
}

// refers reports whether an fd refers to a thing.
func (t *fdTable) refers(to *thing) bool {
	for i := range t.fds {
		if t.fds[i].thing == to {
			return true
		}
	}
	return false
}

// Socket finds a socket.
func (t *fdTable) Socket(fd int32) (bpfsys.Socket, abi.Errno) {
	at := t.at(fd)
	switch {
	case at == nil || !at.open:
		return bpfsys.Socket{}, abi.EBADF
	case at.thing == nil || at.thing.socket.Cookie == 0:
		return bpfsys.Socket{}, abi.ENOTSOCK
	}
	return at.thing.socket, abi.OK
}

// The inodes of what is no socket; those of sockets have their cookies for numbers.
const (
	bpfInode = 1 << 32 << iota
	foreignInode
	cgroupInode
	taskInode
	endedInode
	netnsInode
)

var thingInodes = map[string]uint64{"cgroup": cgroupInode, "task": taskInode, "task-ended": endedInode, "netns": netnsInode}

// Inode finds the inode of a file that a program has opened. What was open before is none.
func (t *fdTable) Inode(fd int32) (maps.Owner, abi.Errno) {
	at := t.at(fd)
	switch {
	case at == nil || !at.open || fd < numLow:
		return maps.Owner{}, abi.EBADF
	case at.file != nil:
		return maps.Owner{ID: [3]uint64{bpfInode}}, abi.OK
	case at.thing == nil:
		return maps.Owner{ID: [3]uint64{foreignInode}}, abi.OK
	case at.thing.socket.Cookie == 0:
		return maps.Owner{ID: [3]uint64{thingInodes[at.thing.what]}}, abi.OK
	}
	return maps.Owner{ID: [3]uint64{at.thing.socket.Cookie}, Gone: at.thing.socket.Closed}, abi.OK
}

// Task finds a task. All are the same one, and so are all that have ended.
func (t *fdTable) Task(fd int32) (maps.Owner, abi.Errno) {
	switch {
	case t.is(fd, "task"):
		return maps.Owner{ID: [3]uint64{taskInode}}, abi.OK
	case t.is(fd, "task-ended"):
		return maps.Owner{}, abi.ENOENT
	}
	return maps.Owner{}, abi.EBADF
}

// Cgroup finds a cgroup. All are the same one.
func (t *fdTable) Cgroup(fd int32) (uint64, abi.Errno) {
	if t.is(fd, "cgroup") {
		return 1, abi.OK
	}
	return 0, abi.EBADF
}

// is reports whether fd refers to a thing of that kind.
func (t *fdTable) is(fd int32, what string) bool {
	at := t.at(fd)
	return at != nil && at.thing != nil && at.thing.what == what
}
