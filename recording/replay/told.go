package replay

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// told is a caller as the recording of a call tells of it.
type told struct {
	world   *world
	answers map[string]string
	notes   []string // what was asked of which nothing is known
}

func newTold(c *recording.Call, w *world) *told {
	t := &told{world: w, answers: map[string]string{}}
	for _, a := range c.Told {
		t.answers[a.Question] = a.Answer
	}
	return t
}

// ask finds the answer to a question.
func (t *told) ask(question string, about ...any) (string, bool) {
	question = recording.Question(question, about...)
	answer, ok := t.answers[question]
	if !ok && len(t.notes) < mostNotes {
		t.notes = append(t.notes, fmt.Sprintf("it asks for %s, of which the recording says nothing", question))
	}
	return answer, ok
}

// mostNotes bounds what is said of one call.
const mostNotes = 8

// decode is ask for an answer that has fields.
func decode[T any](t *told, question string, about ...any) (answer T) {
	if text, ok := t.ask(question, about...); ok {
		_ = json.Unmarshal([]byte(text), &answer) // what is no such answer is none
	}
	return answer
}

// errnoOf reads an errno, abi.EINVAL where it is none.
func errnoOf(text string) abi.Errno {
	if e, err := recording.ParseErrno(text); err == nil {
		return e
	}
	return abi.EINVAL
}

// Get finds the file that fd was of.
func (t *told) Get(fd int32) (*bpfsys.File, bool) {
	name, ok := t.ask("fd", fd)
	switch {
	case !ok, name == recording.ClosedFD:
		return nil, false
	case name == recording.OtherFD:
		return nil, true
	}
	f := t.world.files[name]
	if f == nil {
		t.notes = append(t.notes, fmt.Sprintf("fd %d was of %s, which there is not", fd, name))
	}
	return f, true
}

// IsOpen reports whether fd was open.
func (t *told) IsOpen(fd int32) bool { return decode[bool](t, "open", fd) }

// Install gives file the fd that it had.
func (t *told) Install(file *bpfsys.File) (int32, abi.Errno) {
	answer, ok := t.ask("new")
	number, name, isFD := strings.Cut(answer, ",")
	fd, err := strconv.ParseInt(number, 10, 32)
	switch {
	case !ok:
		return 0, abi.EMFILE
	case !isFD || err != nil:
		return 0, errnoOf(answer)
	}
	t.world.put(name, file)
	return int32(fd), abi.OK
}

// Pin links o.
func (t *told) Pin(_ int32, _ string, o bpfsys.Object) abi.Errno {
	answer, ok := t.ask("pin")
	if !ok {
		return abi.EPERM
	}
	errno := errnoOf(answer)
	if errno == abi.OK {
		t.world.pin(o)
	}
	return errno
}

// Open finds what was pinned.
func (t *told) Open(int32, string, bpfsys.Access) (bpfsys.Object, abi.Errno) {
	answer, ok := t.ask("get")
	o := t.world.objects[answer]
	switch {
	case !ok:
		return nil, abi.ENOENT
	case strings.Contains(answer, ":") && (o == nil || len(t.world.pins[answer]) == 0):
		t.notes = append(t.notes, answer+" was pinned, and is not")
		return nil, abi.ENOENT
	case o == nil:
		return nil, errnoOf(answer)
	}
	o.Hold()
	return o, abi.OK
}

// ran is what came of the program that the call had run; false where nothing stood for it.
func (t *told) ran() (bpfsys.Ran, bool) {
	var a recording.Ran
	if json.Unmarshal([]byte(t.answers["run"]), &a) != nil {
		return bpfsys.Ran{}, false
	}
	return bpfsys.Ran{Errno: a.Errno, Value: a.Value, Context: a.Context, Data: a.Data, Duration: time.Duration(a.Duration)}, a.Stands
}

// Kind is what fd was of.
func (t *told) Kind(fd int32) bpfsys.FileKind { return decode[bpfsys.FileKind](t, "kind", fd) }

// TaskFD is what an fd of another process was of.
func (t *told) TaskFD(pid uint32, fd int32) (*bpfsys.File, bool, bool) {
	a := decode[recording.TaskFD](t, "taskfd", pid, ",", fd)
	return t.world.files[a.File], a.Exists, a.Open
}

// Device reports whether there was a device.
func (t *told) Device(index uint32) bool { return decode[bool](t, "device", index) }

// DeviceGone tells when it is gone.
func (t *told) DeviceGone(index uint32) func() bool { return t.going("device-gone", index) }

// CgroupGone tells when a cgroup is gone.
func (t *told) CgroupGone(fd int32) func() bool { return t.going("cgroup-gone", fd) }

// NetNSGone tells when a network namespace is gone.
func (t *told) NetNSGone(fd int32) func() bool { return t.going("netns-gone", fd) }

func (t *told) going(question string, about any) func() bool {
	number, _ := t.ask(question, about)
	return t.world.lasting(number)
}

// CgroupLine are the ids of a cgroup and those above it.
func (t *told) CgroupLine(fd int32) []uint64 { return decode[[]uint64](t, "cgroup-line", fd) }

// NetNS is the number of a network namespace.
func (t *told) NetNS(fd int32) uint64 { return decode[uint64](t, "netns", fd) }

// OwnNetNS is that of the caller's.
func (t *told) OwnNetNS() uint64 { return decode[uint64](t, "own-netns") }

// Tracepoint reports whether there was a tracepoint.
func (t *told) Tracepoint(name string) bool { return decode[bool](t, "tracepoint", name) }

// Function is where a function of the kernel was.
func (t *told) Function(name string) (uint64, bool) {
	a := decode[recording.Function](t, "function", name)
	return a.Addr, a.Exists
}

// Executable is the file that a path led to.
func (t *told) Executable(path string) (string, abi.Errno) {
	a := decode[recording.Executable](t, "executable", path)
	return a.Path, a.Errno
}

// Socket is the socket that fd was of.
func (t *told) Socket(fd int32) (bpfsys.Socket, abi.Errno) {
	a := decode[recording.Socket](t, "socket", fd)
	return bpfsys.Socket{Cookie: a.Cookie, Family: a.Family, Type: a.Type, Protocol: a.Protocol, State: a.State, Reuse: a.Reuse, Group: a.Group,
		Locked: a.Locked, Closed: t.world.lasting(a.Gone)}, a.Errno
}

// Cgroup is the cgroup that fd was of.
func (t *told) Cgroup(fd int32) (uint64, abi.Errno) {
	a := decode[recording.Number](t, "cgroup", fd)
	return a.Number, a.Errno
}

// Inode is the file that fd was of.
func (t *told) Inode(fd int32) (maps.Owner, abi.Errno) { return t.owner("inode", fd) }

// Task is the task that fd was of.
func (t *told) Task(fd int32) (maps.Owner, abi.Errno) { return t.owner("task", fd) }

func (t *told) owner(question string, fd int32) (maps.Owner, abi.Errno) {
	a := decode[recording.Owner](t, question, fd)
	return maps.Owner{ID: a.ID, Gone: t.world.lasting(a.Gone)}, a.Errno
}
