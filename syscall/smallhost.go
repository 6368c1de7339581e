package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// SmallHost is the host of a process that has no other: with a network namespace in which there is only lo, every tracepoint,
// function and executable that is asked for, the sockets and cgroups of its world, each cgroup a root, and nothing else.
type SmallHost struct{ World }

// Kind knows of no other kinds.
func (SmallHost) Kind(int32) FileKind { return OtherFile }

// TaskFD knows of no process.
func (SmallHost) TaskFD(uint32, int32) (file *File, exists, open bool) { return nil, false, false }

// Device knows lo.
func (SmallHost) Device(index uint32) bool { return index == loopback }

// DeviceGone is never.
func (SmallHost) DeviceGone(uint32) func() bool { return func() bool { return false } }

// CgroupGone is never.
func (SmallHost) CgroupGone(int32) func() bool { return nil }

// NetNSGone is never.
func (SmallHost) NetNSGone(int32) func() bool { return nil }

// CgroupLine is the cgroup alone.
func (h SmallHost) CgroupLine(fd int32) []uint64 {
	id, errno := h.Cgroup(fd)
	if errno != abi.OK {
		return nil
	}
	return []uint64{id}
}

// NetNS knows of no fd of a namespace.
func (SmallHost) NetNS(int32) uint64 { return 0 }

// OwnNetNS is the first one.
func (SmallHost) OwnNetNS() uint64 { return FirstNetNS }

// Tracepoint is true of every name.
func (SmallHost) Tracepoint(name string) bool { return name != "" }

// Function is true of every name; addresses are hidden.
func (SmallHost) Function(name string) (addr uint64, exists bool) { return 0, name != "" }

// Executable is any path.
func (SmallHost) Executable(path string) (string, abi.Errno) { return path, abi.OK }
