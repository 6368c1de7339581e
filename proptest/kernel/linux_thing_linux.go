package kernel

import (
	"bytes"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// things are what a program has opened beside maps: the peers that keep a connection up, and the sockets' cookies, in whose place
// their numbers are put.
type things struct {
	peers   []int
	numbers map[uint64]uint64
	tasks   map[string]int // pidfds, which stay: with the last one the inode would go
}

func (t *things) close() {
	for _, fd := range t.peers {
		unix.Close(fd)
	}
	*t = things{tasks: t.tasks}
}

// openThing opens one of program.Things as fd.
func (k *Linux) openThing(fd int32, what string) error {
	if !program.OurFD(fd) {
		return unix.EBADF
	}
	opened, err := k.makeThingOutside(what)
	if err != nil {
		return err
	}
	if cookie, err := unix.GetsockoptUint64(opened, unix.SOL_SOCKET, unix.SO_COOKIE); err == nil {
		if k.things.numbers == nil {
			k.things.numbers = map[uint64]uint64{}
		}
		k.things.numbers[cookie] = uint64(len(k.things.numbers) + 1)
	}
	k.move(opened, fd, foreignFile)
	return nil
}

// makeThing makes a thing.
func (k *Linux) makeThing(what string) (int, error) {
	switch what {
	case "cgroup":
		return k.cgroup.open()
	case "task", "task-ended":
		return k.things.task(what)
	case "netns":
		return unix.FcntlInt(uintptr(k.net.own), unix.F_DUPFD_CLOEXEC, 0)
	case "unix":
		return unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	case "unix-datagram":
		return unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	case "unix-pair":
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		k.things.peers = append(k.things.peers, pair[1])
		return pair[0], err
	case "tcp-connected":
		return k.connect()
	}
	return boundSocket(what)
}

// task opens a pidfd of this process, or of one that has ended.
func (t *things) task(what string) (int, error) {
	if t.tasks == nil {
		t.tasks = map[string]int{}
	}
	if _, there := t.tasks[what]; !there {
		pidfd, err := openTask(what)
		if err != nil {
			return -1, err
		}
		t.tasks[what] = pidfd
	}
	return unix.FcntlInt(uintptr(t.tasks[what]), unix.F_DUPFD_CLOEXEC, 0)
}

func openTask(what string) (pidfd int, err error) {
	if what == "task" {
		return unix.PidfdOpen(os.Getpid(), 0)
	}
	stopped := &os.ProcAttr{Sys: &syscall.SysProcAttr{Ptrace: true}} // before its first instruction: there may be no other program
	child, err := os.StartProcess("/proc/self/exe", []string{"ended"}, stopped)
	if err != nil {
		return -1, err
	}
	pidfd, err = unix.PidfdOpen(child.Pid, 0) // it is ours until it is waited for
	if killed := child.Kill(); err == nil {
		err = killed
	}
	if _, waited := child.Wait(); err == nil {
		err = waited
	}
	return pidfd, err
}

// boundSocket makes a socket of the internet's, bound to a port of its own or not at all.
func boundSocket(what string) (int, error) {
	kind := unix.SOCK_DGRAM
	if what[:3] == "tcp" {
		kind = unix.SOCK_STREAM
	}
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil || what == "tcp" || what == "udp" {
		return fd, err
	}
	if what[3:] == "-group" {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil && kind == unix.SOCK_STREAM {
		err = unix.Listen(fd, 1)
	}
	return fd, err
}

// connect makes a socket with a peer that stays.
func (k *Linux) connect() (int, error) {
	listener, err := boundSocket("tcp-listening")
	if err != nil {
		return -1, err
	}
	k.things.peers = append(k.things.peers, listener)
	at, err := unix.Getsockname(listener)
	if err != nil {
		return -1, err
	}
	fd, err := boundSocket("tcp")
	if err != nil {
		return -1, err
	}
	return fd, unix.Connect(fd, at)
}

// references reports whether values of maps of that type name what only this machine has.
func references(typ abi.MapType) bool {
	switch typ {
	case abi.DevMap, abi.DevMapHash, abi.SockMap, abi.SockHash, abi.XSKMap, abi.ReusePortSockArray, abi.CgroupArray, abi.ProgArray,
		abi.PerfEventArray:
		return true
	}
	return false
}

// hasCookies reports whether what user space reads of maps of that type are cookies.
func hasCookies(typ abi.MapType) bool {
	return typ == abi.SockMap || typ == abi.SockHash || typ == abi.ReusePortSockArray
}

// storage reports whether keys of maps of that type are fds.
func storage(typ abi.MapType) bool {
	switch typ {
	case abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage:
		return true
	}
	return false
}

// ownerCall is a call on one element. Where its key is an fd that the program has not opened, the call finds one that is not open in
// memory of our own: this process may have that file, and an inode may be what fd 0 is of, too.
func (k *Linux) ownerCall(c program.Call) Outcome {
	if !k.stores {
		return k.plain(c)
	}
	d := dumping{kernel: k, fd: k.user.arena.Field(c, abi.ElemMapFD, 4)}
	typ, errno := d.shape()
	if errno != abi.OK || !storage(typ) {
		return k.plain(c)
	}
	key := k.user.arena.Span(k.user.arena.Field(c, abi.ElemKey, 8), 4, program.ToRead)
	field := k.user.arena.Span(c.Attr+abi.ElemKey, 8, program.ToPoke)
	if len(key) < 4 || len(field) < 8 || c.Size < abi.ElemKey+8 || !foreign(key) && (typ != abi.InodeStorage || program.OurFD(int32(program.Word(key)))) {
		return k.plain(c)
	}
	program.PutWord(k.user.alias[program.ArenaSize:][scratchKey:][:4], closedFD)
	defer program.PutWord(field, program.Word(field))
	program.PutWord(field, scratchBase+scratchKey)
	return k.plain(c)
}

// closedFD is open in no process here.
const closedFD = 1<<30 + 7

// disguise makes a value name nothing that only this process, or this machine, has.
func disguise(typ abi.MapType, value []byte) {
	device := typ == abi.DevMap || typ == abi.DevMapHash
	if typ == abi.CPUMap { // a number of packets
		return
	}
	if n := int32(program.Word(value[:4])); device && n > 2 {
		program.PutWord(value[:4], program.Nowhere)
	} else if !device && foreign(value[:4]) && n >= 0 {
		program.PutWord(value[:4], closedFD)
	}
	if device && len(value) == 8 && foreign(value[4:]) && int32(program.Word(value[4:])) > 0 {
		program.PutWord(value[4:], closedFD)
	}
}

// referenceUpdate is an update with a value in memory of our own, since the program's may be the key or attr, too.
func (k *Linux) referenceUpdate(c program.Call, d *dumping) Outcome {
	value := k.user.arena.Span(k.user.arena.Field(c, abi.ElemValue, 8), d.valueSize, program.ToRead)
	field := k.user.arena.Span(c.Attr+abi.ElemValue, 8, program.ToPoke)
	if len(value) < d.valueSize || len(field) < 8 || c.Size < abi.ElemValue+8 {
		return k.plain(c)
	}
	own := k.user.alias[program.ArenaSize:][scratchResult:][:d.valueSize]
	copy(own, value)
	if disguise(d.typ, own); bytes.Equal(own, value) { // as a rule: attr stays as it is, which the key may be
		return k.plain(c)
	}
	return k.ownValue(c, d.keySize, field)
}

// referenceLookup is a lookup whose value may be a cookie, or have a program's id. At a fault the part of it that fits was written, unless
// attr itself faulted.
func (k *Linux) referenceLookup(c program.Call, d *dumping) Outcome {
	at := k.user.arena.Field(c, abi.ElemValue, 8)
	errno := d.elem(abi.MapLookupElem, k.user.arena.Field(c, abi.ElemKey, 8), scratchBase+scratchResult, 0)
	value := slices.Clone(k.user.alias[program.ArenaSize:][scratchResult:][:d.valueSize])
	readable := k.user.arena.Readable(c.Attr, int(c.Size))
	out := k.plain(c)
	if errno == abi.OK && k.shown(d.typ, value) && (out.Errno == abi.OK || out.Errno == abi.EFAULT && readable) {
		k.user.arena.Write(at, value)
	}
	return out
}

// shown puts what is ours in the place of this machine's own in a value.
func (k *Linux) shown(typ abi.MapType, value []byte) bool {
	if hasCookies(typ) {
		number, known := k.things.numbers[program.Word(value)]
		program.PutWord(value, number)
		return known
	}
	id := value[len(value)-4:]
	ours, known := k.progs.ours[uint32(program.Word(id))]
	program.PutWord(id, uint64(ours))
	return known
}
