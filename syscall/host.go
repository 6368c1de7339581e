package bpfsys

// Host is what a process's machine has beside maps, as queries about programs ask for it. All of it may change at any
// time.
type Host interface {
	// Kind is what an open fd of the process refers to.
	Kind(fd int32) FileKind
	// TaskFD reports whether a process with that id exists and whether fd is open in it.
	TaskFD(pid uint32, fd int32) (exists, open bool)
	// Device reports whether there is a network device with that index.
	Device(index uint32) bool
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

// Without a Host there are no such files, no other process and no network device but lo.

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
