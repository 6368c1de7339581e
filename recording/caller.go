package recording

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
)

// What an fd is of that is no BPF object.
const (
	ClosedFD = "closed"
	OtherFD  = "other"
)

// caller is what a kernel may ask about a caller, of which the answers are noted.
type caller struct {
	files bpfsys.Files
	fs    bpfsys.FileSystem
	host  bpfsys.Host
	by    *Recorder
	entry *Entry
	told  []Told
	// mapped are the maps that programs may change without a call.
	mapped []*bpfsys.Map
}

// hostOf is who answers for a process of which nobody says it (bpfsys.Process.Host).
func hostOf(p *bpfsys.Process) bpfsys.Host {
	if p.Host != nil {
		return p.Host
	}
	if w, ok := p.Files.(bpfsys.World); ok {
		return bpfsys.SmallHost{World: w}
	}
	return bpfsys.SmallHost{World: bpfsys.EmptyWorld{Files: p.Files}}
}

// Question is what is asked about something, as one word.
func Question(question string, about ...any) string {
	if len(about) > 0 {
		question += ":" + fmt.Sprint(about...)
	}
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '=' || r == '"' || r > '~' {
			return '_'
		}
		return r
	}, question)
}

// tell notes an answer; the first one to a question is the one that counts.
func (c *caller) tell(answer any, question string, about ...any) {
	question = Question(question, about...)
	for _, t := range c.told {
		if t.Question == question {
			return
		}
	}
	text, isText := answer.(string)
	if !isText {
		bytes, _ := json.Marshal(answer) // all answers are plain data
		text = string(bytes)
	}
	c.told = append(c.told, Told{question, text})
}

// Get finds the open file behind fd.
func (c *caller) Get(fd int32) (*bpfsys.File, bool) {
	file, open := c.files.Get(fd)
	switch {
	case !open:
		c.tell(ClosedFD, "fd", fd)
	case file == nil || file.Object() == nil:
		c.tell(OtherFD, "fd", fd)
	case c.foreign(file):
	default:
		c.tell(c.by.names.file(file), "fd", fd)
		c.stored(file.Map())
	}
	return file, open
}

// foreign reports that another kernel than the one which answers has made what a file is of.
func (c *caller) foreign(file *bpfsys.File) bool {
	if k := file.Kernel(); k != nil && c.entry.kernel != nil && k != c.entry.kernel {
		c.entry.foreign = true
	}
	return c.entry.foreign
}

// stored notes what programs have changed in a map before the call.
func (c *caller) stored(m *bpfsys.Map) {
	if !lookedAt(m) || slices.Contains(c.mapped, m) {
		return
	}
	c.mapped = append(c.mapped, m)
	c.by.stores.changed(m, func(index int, value []byte) {
		c.by.to.Event(Store{c.by.names.object(m), index, value}.Event())
	})
}

// IsOpen reports whether fd is open.
func (c *caller) IsOpen(fd int32) bool {
	open := c.files.IsOpen(fd)
	c.tell(open, "open", fd)
	return open
}

// Install gives file an fd.
func (c *caller) Install(file *bpfsys.File) (int32, abi.Errno) {
	name := c.by.names.file(file) // before it is given away
	fd, errno := c.files.Install(file)
	if errno != abi.OK {
		c.tell(errnoWord(errno), "new")
		return fd, errno
	}
	c.tell(fmt.Sprintf("%d,%s", fd, name), "new")
	return fd, errno
}

// Pin links o at a path.
func (c *caller) Pin(dir int32, path string, o bpfsys.Object) abi.Errno {
	errno := c.fs.Pin(dir, path, o)
	c.tell(errnoWord(errno), "pin")
	return errno
}

// Open finds the object pinned at path.
func (c *caller) Open(dir int32, path string, access bpfsys.Access) (bpfsys.Object, abi.Errno) {
	o, errno := c.fs.Open(dir, path, access)
	if errno != abi.OK {
		c.tell(errnoWord(errno), "get")
		return o, errno
	}
	c.tell(c.by.names.object(o), "get")
	return o, errno
}

// Kind is what an open fd refers to.
func (c *caller) Kind(fd int32) bpfsys.FileKind {
	kind := c.host.Kind(fd)
	c.tell(kind, "kind", fd)
	return kind
}

// TaskFD looks for a fd of any process.
func (c *caller) TaskFD(pid uint32, fd int32) (*bpfsys.File, bool, bool) {
	file, exists, open := c.host.TaskFD(pid, fd)
	name := ""
	if file != nil && file.Object() != nil {
		name = c.by.names.file(file)
	}
	c.tell(TaskFD{name, exists, open}, "taskfd", pid, ",", fd)
	return file, exists, open
}

// TaskFD is the answer to what an fd of another process is of.
type TaskFD struct {
	File         string
	Exists, Open bool
}

// Device reports whether there is a network device with that index.
func (c *caller) Device(index uint32) bool {
	is := c.host.Device(index)
	c.tell(is, "device", index)
	return is
}

// DeviceGone tells later whether a device is gone.
func (c *caller) DeviceGone(index uint32) func() bool {
	return c.going(c.host.DeviceGone(index), "device-gone", index)
}

// CgroupGone tells later whether a cgroup is gone.
func (c *caller) CgroupGone(fd int32) func() bool {
	return c.going(c.host.CgroupGone(fd), "cgroup-gone", fd)
}

// NetNSGone tells later whether a network namespace is gone.
func (c *caller) NetNSGone(fd int32) func() bool {
	return c.going(c.host.NetNSGone(fd), "netns-gone", fd)
}

// going has it noted when something goes, under a number that the answer says; "never" for what never goes.
func (c *caller) going(gone func() bool, question string, about any) func() bool {
	number, watched := c.by.watch(gone)
	c.tell(number, question, about)
	return watched
}

// CgroupLine are the ids of a cgroup and of those above it.
func (c *caller) CgroupLine(fd int32) []uint64 {
	ids := c.host.CgroupLine(fd)
	c.tell(ids, "cgroup-line", fd)
	return ids
}

// NetNS is the inode number of a network namespace.
func (c *caller) NetNS(fd int32) uint64 {
	n := c.host.NetNS(fd)
	c.tell(n, "netns", fd)
	return n
}

// OwnNetNS is that of the caller's own one.
func (c *caller) OwnNetNS() uint64 {
	n := c.host.OwnNetNS()
	c.tell(n, "own-netns")
	return n
}

// Tracepoint reports whether the kernel has a tracepoint.
func (c *caller) Tracepoint(name string) bool {
	is := c.host.Tracepoint(name)
	c.tell(is, "tracepoint", name)
	return is
}

// Function is the address of a function of the kernel.
func (c *caller) Function(name string) (uint64, bool) {
	addr, exists := c.host.Function(name)
	c.tell(Function{addr, exists}, "function", name)
	return addr, exists
}

// Function is the answer to where a function of the kernel is.
type Function struct {
	Addr   uint64
	Exists bool
}

// Executable is the path of a file without links.
func (c *caller) Executable(path string) (string, abi.Errno) {
	real, errno := c.host.Executable(path)
	c.tell(Executable{real, errno}, "executable", path)
	return real, errno
}

// Executable is the answer to which file a path leads to.
type Executable struct {
	Path  string
	Errno abi.Errno
}

// Socket is the socket behind fd.
func (c *caller) Socket(fd int32) (bpfsys.Socket, abi.Errno) {
	s, errno := c.host.Socket(fd)
	answer := Socket{Cookie: s.Cookie, Family: s.Family, Type: s.Type, Protocol: s.Protocol, State: s.State, Reuse: s.Reuse, Group: s.Group,
		Locked: s.Locked, Errno: errno}
	answer.Gone, s.Closed = c.by.watch(s.Closed)
	c.tell(answer, "socket", fd)
	return s, errno
}

// Socket is the answer to which socket an fd is of (bpfsys.Socket).
type Socket struct {
	Cookie                 uint64
	Family, Type, Protocol int
	State                  bpfsys.SocketState
	Reuse                  bool   `json:",omitempty"`
	Group                  string `json:",omitempty"`
	Locked                 bool   `json:",omitempty"`
	Gone                   string
	Errno                  abi.Errno `json:",omitempty"`
}

// Cgroup is the id of the cgroup behind fd.
func (c *caller) Cgroup(fd int32) (uint64, abi.Errno) {
	id, errno := c.host.Cgroup(fd)
	c.tell(Number{id, errno}, "cgroup", fd)
	return id, errno
}

// Number is an answer that is a number or an errno.
type Number struct {
	Number uint64
	Errno  abi.Errno
}

// Inode is the file behind fd.
func (c *caller) Inode(fd int32) (maps.Owner, abi.Errno) {
	o, errno := c.host.Inode(fd)
	return c.owner(o, errno, "inode", fd)
}

// Task is the task of a pidfd.
func (c *caller) Task(fd int32) (maps.Owner, abi.Errno) {
	o, errno := c.host.Task(fd)
	return c.owner(o, errno, "task", fd)
}

func (c *caller) owner(o maps.Owner, errno abi.Errno, question string, fd int32) (maps.Owner, abi.Errno) {
	answer := Owner{ID: o.ID, Errno: errno}
	answer.Gone, o.Gone = c.by.watch(o.Gone)
	c.tell(answer, question, fd)
	return o, errno
}

// Owner is the answer to what a key names (maps.Owner).
type Owner struct {
	ID    [3]uint64
	Gone  string
	Errno abi.Errno `json:",omitempty"`
}
