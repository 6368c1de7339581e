package program

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
)

// FirstFD is the lowest fd that a program's steps may make. Fds 0, 1 and 2 are open on every kernel and no bpf
// objects; those between belong to the process that runs the program.
const FirstFD int32 = 500

// NumFDs is the number of fds from FirstFD on that programs may use.
const NumFDs int32 = 256

// OpenFDs are open on every kernel at the start of a program, and no bpf objects.
var OpenFDs = []int32{0, 1, 2}

// BPFFS is where every kernel has an empty bpffs at the start of a program.
const BPFFS = "/sys/fs/bpf"

// Program is a sequence of steps for a fresh kernel. Parse and String are inverses.
type Program struct {
	Machine Machine
	Steps   []Step
}

// MaxCPUs is the largest number of possible CPUs that a program may ask for (NR_CPUS of x86-64).
const MaxCPUs = 8192

// Machine is what a program asks of the kernel it runs on.
type Machine struct {
	// CPUs is the number of possible CPUs; the steps' CPUs lie below it.
	CPUs int
	// Memory is how much memory there is at ExtraBase, in bytes: a multiple of PageSize, up to MaxExtra.
	Memory int
	// BPF and SysAdmin are the caller's capabilities.
	BPF, SysAdmin bool
	// Linux is the series whose rules hold; 0 is the latest.
	Linux abi.Release
	// Without names what the kernel lacks, see Feature.
	Without []Feature
}

// Step is an action on a CPU.
type Step struct {
	CPU    int
	Action Action
}

// Action is what a step does: a *Call or an Event.
type Action interface{ text(*writer) }

// Call is one bpf(2) call, and what is put into user memory right before it.
type Call struct {
	Cmd  abi.Cmd
	Attr uint64 // address
	Size uint32
	// Contents is written at Attr.
	Contents []byte
	// Memory is written after Contents, in order.
	Memory []Write
	// As is the fd that a returned fd is moved to, whatever number the kernel gave it. It makes attr bytes the same
	// on every kernel and keeps later steps valid when shrinking removes this one.
	As int32
	// During holds the steps that run inside the loop of a BPF_MAP_DUMP or BPF_MAP_DUMP_JULY, ordered by Before. A
	// dump of whole buckets has no such loop, and they do not run.
	During []Nested
}

// Write is user memory set before a call.
type Write struct {
	Addr  uint64
	Bytes []byte
}

// Nested is a step that runs inside a dump, before call number Before of its loop, counted from 0: a call is a
// search for the next key or a copy of a value.
type Nested struct {
	Before int
	Step   Step
}

// Event is a step that is no bpf(2) call.
type Event interface {
	Action
	event()
}

// Close closes an fd, Dup makes To refer to what FD refers to, Foreign opens FD on something that is no bpf object, Open on
// one of Things.
type (
	Close   struct{ FD int32 }
	Dup     struct{ FD, To int32 }
	Foreign struct{ FD int32 }
	Open    struct {
		FD   int32
		What string
	}
)

// Things are what Open opens: sockets in the states that maps tell apart, a cgroup's directory, a task, one that has ended,
// and the network namespace.
var Things = []string{
	"tcp", "tcp-listening", "tcp-connected", "tcp-group", "udp", "udp-bound", "udp-group", "unix", "unix-pair", "unix-datagram",
	"cgroup", "task", "task-ended", "netns",
}

// Mkdir, Rmdir, Unlink and Rename change the bpffs at /sys/fs/bpf; their paths must lie below it.
type (
	Mkdir  struct{ Path string }
	Rmdir  struct{ Path string }
	Unlink struct{ Path string }
	Rename struct{ From, To string }
)

func (Close) event()   {}
func (Dup) event()     {}
func (Foreign) event() {}
func (Open) event()    {}
func (Mkdir) event()   {}
func (Rmdir) event()   {}
func (Unlink) event()  {}
func (Rename) event()  {}

// Feature names something that a kernel may lack.
type Feature string

// Features that came between 6.12 and 6.18.
const (
	// BTF is what BTF may say, and what of it a map's values may have: there is more in each release.
	BTF Feature = "btf"
	// Programs are objects that are no maps and no BTF, of which each release tells more.
	Programs Feature = "programs"
	// Memlock is how much memory a map takes, as fdinfo tells.
	Memlock Feature = "memlock"
)

// Features that a kernel may lack as it was configured.
const (
	// Host is what programs are attached to: a pair of veth devices, perf events, tracepoints, the kernel's types.
	Host Feature = "host"
)

// Features that no Linux has: they are this project's own.
const (
	// DumpBucket is BPF_F_DUMP_BUCKET.
	DumpBucket Feature = "dump_bucket"
	// DumpAndDelete is BPF_MAP_DUMP_AND_DELETE.
	DumpAndDelete Feature = "dump_and_delete"
)

// NotCompared are the features that a comparison with a kernel of that series leaves out.
func NotCompared(linux abi.Release) (features []Feature) {
	for _, gap := range profile.Gaps {
		if gap.From <= linux && linux < gap.Before {
			features = append(features, Feature(gap.Feature))
		}
	}
	return features
}

// NotInLinux are the features that a comparison with Linux leaves out.
var NotInLinux = []Feature{DumpBucket, DumpAndDelete}

// HasHost reports whether there is something that programs can be attached to.
func (m Machine) HasHost() bool { return m.Has(Programs) && m.Has(Host) }

// Has reports whether the machine's kernel has feature f.
func (m Machine) Has(f Feature) bool {
	for _, w := range m.Without {
		if w == f {
			return false
		}
	}
	return true
}
