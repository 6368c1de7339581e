package kernel

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// attacher attaches the same programs on Linux and on bpfsim, in a network namespace and below a cgroup of its own.
type attacher struct {
	*native
	draw     *rand.Rand
	programs []loaded
	links    []int32           // fds
	cgroups  []int32           // fds, each below the one before
	sockets  int32             // fd of a SOCKMAP
	ids      map[uint32]uint32 // of objects: bpfsim's for Linux's
	seen     map[string]int
	fill     func() // what memory holds before a call
	about    string // what a call is about, for messages
}

// loaded is a program and an attach type that it is for.
type loaded struct {
	fd   int32
	kind abi.ProgType
	at   abi.AttachType
}

// simple are types whose programs of two instructions the verifier takes, and what they return.
var simple = []struct {
	kind     abi.ProgType
	expected abi.AttachType
	at       []abi.AttachType
	ret      uint64
}{
	{abi.ProgCgroupSKB, abi.AttachCgroupInetIngress, []abi.AttachType{abi.AttachCgroupInetIngress, abi.AttachCgroupInetEgress}, 0},
	{abi.ProgSchedCLS, 0, []abi.AttachType{abi.AttachTCXIngress, abi.AttachTCXEgress}, 0},
	{abi.ProgCgroupSock, abi.AttachCgroupInetSockCreate, []abi.AttachType{abi.AttachCgroupInetSockCreate}, 1},
	{abi.ProgXDP, 0, []abi.AttachType{abi.AttachXDP}, 0},
	{abi.ProgSKLookup, abi.AttachSKLookup, []abi.AttachType{abi.AttachSKLookup}, 1},
	{abi.ProgFlowDissector, 0, []abi.AttachType{abi.AttachFlowDissector}, 0},
	{abi.ProgSKSKB, abi.AttachSKSKBVerdict, []abi.AttachType{
		abi.AttachSKSKBStreamParser, abi.AttachSKSKBStreamVerdict, abi.AttachSKSKBVerdict}, 1},
	{abi.ProgSKMsg, 0, []abi.AttachType{abi.AttachSKMsgVerdict}, 1},
	{abi.ProgNetfilter, abi.AttachNetfilter, []abi.AttachType{abi.AttachNetfilter}, 1},
}

// ordered are the first of an attacher's programs: three each of CGROUP_SKB and SCHED_CLS, for two attach types.
const ordered = 12

func newAttacher(t *testing.T, draw *rand.Rand) *attacher {
	n := newNative(t, bpfsys.Root)
	a := &attacher{native: n, draw: draw, ids: map[uint32]uint32{0: 0}, seen: map[string]int{}}
	require.NoError(t, unix.Unshare(unix.CLONE_NEWNET))
	n.fds.netns = n.open("/proc/thread-self/ns/net", bpfsys.NetNS)
	for _, s := range simple {
		for range 3 {
			a.load(s.kind, s.expected, s.at, s.ret)
		}
	}
	dir, line := cgroupDir(t), []uint64(nil)
	for range 3 {
		fd := n.cgroup(dir, line)
		a.cgroups, line = append(a.cgroups, fd), n.cgroups[fd]
		dir, _ = os.Readlink(fmt.Sprintf("/proc/thread-self/fd/%d", fd))
	}
	a.sockets = a.object(bpfsys.MapCreate{Type: abi.SockMap, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	a.know(a.sockets, a.files[a.sockets].Map().ID())
	return a
}

func (a *attacher) load(kind abi.ProgType, expected abi.AttachType, at []abi.AttachType, ret uint64) {
	const code = 1024
	binary.LittleEndian.PutUint64(a.memory.bytes[code:], 0xb7|ret<<32)
	binary.LittleEndian.PutUint64(a.memory.bytes[code+8:], exitR0)
	fd := a.object(bpfsys.ProgLoad{Type: kind, InsnCnt: 2, Insns: a.memory.addr + code, License: a.text(), AttachType: expected})
	for _, where := range at {
		a.programs = append(a.programs, loaded{fd, kind, where})
	}
	a.know(fd, a.files[fd].Object().(*bpfsys.Program).ID())
}

// know learns both ids of what is behind an fd.
func (a *attacher) know(fd int32, sim uint32) {
	a.ids[a.linuxInfo(fd)[1]] = sim
}

// linuxInfo are the first words of what Linux tells about an object: the type, then the id.
func (a *attacher) linuxInfo(fd int32) []uint32 {
	clear(a.memory.bytes[2048:2304])
	args := bpfsys.ObjGetInfoByFD{FD: fd, Info: a.memory.addr + 2048, InfoLen: 64}
	attr := args.Encode()
	copy(a.attr.bytes, attr[:])
	_, errno := bpf(abi.ObjGetInfoByFD, a.attr.addr, abi.AttrSize)
	require.Equal(a, abi.OK, errno)
	return wordsOf(a.memory.bytes[2048:2112])
}

func wordsOf(raw []byte) (all []uint32) {
	for ; len(raw) >= 4; raw = raw[4:] {
		all = append(all, binary.LittleEndian.Uint32(raw))
	}
	return all
}

// answer is what a call gave, and what the attr and 256 bytes of memory hold afterwards.
type answer struct {
	fd     int32
	errno  abi.Errno
	attr   bpfsys.Attr
	memory []uint32
}

// both makes a call on both kernels, with an attr for each.
func (a *attacher) both(cmd abi.Cmd, linux, sim bpfsys.Attr) (onLinux, onSim answer) {
	run := func(attr bpfsys.Attr, call func() (int32, abi.Errno)) (r answer) {
		copy(a.attr.bytes, attr[:])
		clear(a.memory.bytes[2048:2304])
		if a.fill != nil {
			a.fill()
		}
		r.fd, r.errno = call()
		r.attr, r.memory = bpfsys.Attr(a.attr.bytes), wordsOf(a.memory.bytes[2048:2304])
		return r
	}
	onSim = run(sim, func() (int32, abi.Errno) {
		return a.sim.Bpf(&maps.Task{}, a.process, uint32(cmd), a.native.attr.addr, abi.AttrSize)
	})
	onLinux = run(linux, func() (int32, abi.Errno) {
		fd, errno := bpf(cmd, a.native.attr.addr, abi.AttrSize)
		return int32(fd), errno
	})
	require.Equal(a, onLinux.errno, onSim.errno, "%v %s %s", cmd, words(linux), a.about)
	a.seen[fmt.Sprint(cmd, " ", onLinux.errno)]++
	return onLinux, onSim
}

// Links, programs attached without links, queries, info and fdinfo, in any order.
func TestAttachingAsLinux(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread is in another namespace
		a := newAttacher(t, rand.New(rand.NewPCG(1, 2)))
		const rounds = 6_000
		for range rounds {
			a.step()
		}
		for _, want := range []string{
			"BPF_LINK_CREATE OK", "BPF_LINK_CREATE EBUSY", "BPF_LINK_CREATE EEXIST", "BPF_LINK_CREATE EPERM",
			"BPF_LINK_CREATE ENOENT", "BPF_LINK_CREATE ESTALE", "BPF_LINK_CREATE ENODEV", "BPF_LINK_CREATE EPROTO",
			"BPF_LINK_UPDATE OK", "BPF_LINK_UPDATE ENOLINK", "BPF_LINK_UPDATE EPERM", "BPF_LINK_DETACH OK",
			"BPF_PROG_ATTACH OK", "BPF_PROG_ATTACH EPERM", "BPF_PROG_ATTACH EEXIST", "BPF_PROG_DETACH OK",
			"BPF_PROG_DETACH ENOENT", "BPF_PROG_QUERY OK", "BPF_PROG_QUERY ENOSPC",
		} {
			require.NotZero(t, a.seen[want], "%s never came of %v", want, a.seen)
		}
	}()
	<-done
}

func (a *attacher) step() {
	switch a.draw.IntN(12) {
	case 0, 1, 2:
		a.createLink()
	case 3:
		a.updateLink()
	case 4:
		a.endLink()
	case 5, 6:
		a.attachProgram(abi.ProgAttach)
	case 7:
		a.attachProgram(abi.ProgDetach)
	case 8, 9, 10:
		a.query()
	case 11:
		a.tell()
	}
}

// target is a place for programs of a type; seldom one that is not there.
func (a *attacher) target(p loaded) int32 {
	if a.draw.IntN(30) == 0 {
		return pick(a.draw, a.fds.closed, a.fds.file, 0, 77)
	}
	switch p.kind {
	case abi.ProgXDP, abi.ProgSchedCLS:
		return 1
	case abi.ProgSKLookup, abi.ProgFlowDissector:
		return a.fds.netns
	case abi.ProgSKSKB, abi.ProgSKMsg:
		return a.sockets
	case abi.ProgNetfilter:
		return 0
	}
	return pick(a.draw, a.cgroups...)
}

// pair is an attr for each kernel, which differ only in ids.
type pair struct{ linux, sim bpfsys.Attr }

func (p *pair) put(off int, v uint32) {
	binary.LittleEndian.PutUint32(p.linux[off:], v)
	binary.LittleEndian.PutUint32(p.sim[off:], v)
}

// program draws one, seldom with an attach type of others.
func (a *attacher) program() loaded {
	p := pick(a.draw, a.programs...)
	if a.draw.IntN(2) == 0 { // half of all where there is an order
		p = pick(a.draw, a.programs[:min(ordered, len(a.programs))]...)
	}
	if a.draw.IntN(20) == 0 {
		p.at = pick(a.draw, a.programs...).at
	}
	return p
}

// order draws flags, something to be next to, and a revision.
func (a *attacher) order(p *pair, kind abi.ProgType, flagsOff, relativeOff, revisionOff int) {
	flags := pick[uint32](a.draw, 0, 0, 0, 8, 16, 24, 64, 64, 64, 8|64, 4, 1, 2, 2, 3, 6, 2|8, 2|16, 2|64, 2|64, 2|64, 2|64)
	if a.draw.IntN(3) == 0 {
		flags |= pick[uint32](a.draw, 0, 8, 16, 16) | pick[uint32](a.draw, 0, 1<<13, 32, 32|1<<13)
		fd := a.neighbour(kind, flags&(1<<13) != 0)
		p.put(relativeOff, uint32(fd))
		if flags&32 != 0 {
			linux := a.linuxInfo(fd)[1]
			binary.LittleEndian.PutUint32(p.linux[relativeOff:], linux)
			binary.LittleEndian.PutUint32(p.sim[relativeOff:], a.ids[linux])
		}
	}
	p.put(flagsOff, flags)
	if a.draw.IntN(10) == 0 {
		p.put(revisionOff, pick[uint32](a.draw, 1, 2, 3, 4, 5, 6, 7, 8, 9))
	}
}

// neighbour is a program of a type or, if one is wanted, a link of such a one; seldom something else.
func (a *attacher) neighbour(kind abi.ProgType, link bool) int32 {
	var fit []int32
	if link {
		for _, fd := range a.links {
			if a.files[fd].Object().(*bpfsys.Link).Program().Type() == kind {
				fit = append(fit, fd)
			}
		}
	} else {
		for _, p := range a.programs {
			if p.kind == kind {
				fit = append(fit, p.fd)
			}
		}
	}
	if len(fit) == 0 || a.draw.IntN(15) == 0 {
		fit = append([]int32{a.programs[0].fd}, a.links...)
	}
	return pick(a.draw, fit...)
}

func (a *attacher) createLink() {
	var p pair
	prog := a.program()
	p.put(abi.LinkCreateProgFD, uint32(prog.fd))
	p.put(abi.LinkCreateTarget, uint32(a.target(prog)))
	p.put(abi.LinkCreateAttachType, uint32(prog.at))
	switch {
	case prog.kind == abi.ProgNetfilter:
		p.put(abi.LinkNetfilterFamily, pick[uint32](a.draw, 2, 2, 10, 3))
		p.put(abi.LinkNetfilterHook, pick[uint32](a.draw, 0, 1, 1, 5))
		p.put(abi.LinkNetfilterPriority, pick[uint32](a.draw, 1, 2, 1<<31, 1<<31-1))
		p.put(abi.LinkNetfilterFlags, pick[uint32](a.draw, 0, 0, 0, 2))
	case prog.kind != abi.ProgXDP:
		a.order(&p, prog.kind, abi.LinkCreateFlags, abi.LinkRelative, abi.LinkExpectedRevision)
	case a.draw.IntN(4) == 0:
		p.put(abi.LinkCreateFlags, pick[uint32](a.draw, 1, 2, 4, 6, 8, 16))
	}
	linux, _ := a.both(abi.LinkCreate, p.linux, p.sim)
	a.keep(linux)
}

// keep takes over the fds of a new link, and closes one when there are many.
func (a *attacher) keep(linux answer) {
	if linux.errno != abi.OK {
		return
	}
	a.files[linux.fd] = a.files[installed]
	delete(a.files, installed)
	a.links = append(a.links, linux.fd)
	a.know(linux.fd, a.files[linux.fd].Object().(*bpfsys.Link).ID())
	if len(a.links) > 12 {
		a.close(a.draw.IntN(len(a.links)))
	}
}

func (a *attacher) close(i int) {
	fd := a.links[i]
	a.links = append(a.links[:i], a.links[i+1:]...)
	a.files[fd].Release()
	delete(a.files, fd)
	require.NoError(a, unix.Close(int(fd)))
}

func (a *attacher) updateLink() {
	if len(a.links) == 0 {
		return
	}
	var p pair
	p.put(0, uint32(pick(a.draw, a.links...)))
	p.put(4, uint32(a.program().fd))
	p.put(8, pick[uint32](a.draw, 0, 0, 4, 1))
	p.put(12, pick(a.draw, 0, 0, uint32(a.program().fd)))
	a.both(abi.LinkUpdate, p.linux, p.sim)
}

// endLink detaches a link or closes its fd.
func (a *attacher) endLink() {
	if len(a.links) == 0 {
		return
	}
	i := a.draw.IntN(len(a.links))
	if a.draw.IntN(3) != 0 {
		a.close(i)
		return
	}
	var p pair
	p.put(0, uint32(a.links[i]))
	a.both(abi.LinkDetach, p.linux, p.sim)
}

func (a *attacher) attachProgram(cmd abi.Cmd) {
	var p pair
	prog := a.program()
	target := a.target(prog)
	if prog.kind == abi.ProgFlowDissector {
		target = pick(a.draw, 0, 0, 0, target)
	}
	p.put(0, uint32(target))
	p.put(4, pick(a.draw, uint32(prog.fd), uint32(prog.fd), uint32(prog.fd), 0))
	p.put(8, uint32(prog.at))
	a.order(&p, prog.kind, 12, 20, 24)
	if cmd == abi.ProgDetach && a.draw.IntN(2) == 0 {
		p.put(12, 0)
		p.put(20, 0)
	}
	if binary.LittleEndian.Uint32(p.sim[12:])&4 != 0 {
		p.put(16, uint32(pick(a.draw, a.programs...).fd))
	}
	a.both(cmd, p.linux, p.sim)
}

func (a *attacher) query() {
	var p pair
	prog := a.program()
	p.put(0, uint32(a.target(prog)))
	p.put(4, uint32(prog.at))
	p.put(8, pick[uint32](a.draw, 0, 0, 1, 1, 2))
	p.put(24, pick[uint32](a.draw, 0, 1, 2, 8, 8, 8))
	lists := []int{16, 32, 40, 48}
	for i, off := range lists {
		if a.draw.IntN(3) != 0 {
			addr := a.memory.addr + 2048 + 64*uint64(i)
			p.put(off, uint32(addr))
			p.put(off+4, uint32(addr>>32))
		}
	}
	if binary.LittleEndian.Uint32(p.sim[8:]) == 1 && a.draw.IntN(4) != 0 { // what is effective has no flags
		p.put64(32, 0)
		p.put(24, 8)
	}
	linux, sim := a.both(abi.ProgQuery, p.linux, p.sim)
	require.Equal(a, words(linux.attr), words(sim.attr), "%s", words(p.linux))
	for i := range linux.memory {
		if i/16%2 == 0 { // lists of ids
			id, ok := a.ids[linux.memory[i]]
			require.True(a, ok)
			linux.memory[i] = id
		}
	}
	require.Equal(a, linux.memory, sim.memory, "%s", words(p.linux))
}

// numbered are the lines of fdinfo with ids.
var numbered = regexp.MustCompile(`(link_id|prog_id|map_id):\t(\d+)`)

// tell compares info and fdinfo of a link.
func (a *attacher) tell() {
	if len(a.links) == 0 {
		return
	}
	fd := pick(a.draw, a.links...)
	args := bpfsys.ObjGetInfoByFD{FD: fd, Info: a.memory.addr + 2048, InfoLen: pick[uint32](a.draw, 4, 16, 20, 64, 64, 64, 100)}
	attr := args.Encode()
	linux, sim := a.both(abi.ObjGetInfoByFD, attr, attr)
	require.Equal(a, linux.attr, sim.attr)
	linux.memory[1], linux.memory[2] = a.ids[linux.memory[1]], a.ids[linux.memory[2]]
	switch abi.LinkType(linux.memory[0]) {
	case abi.LinkSockMap, abi.LinkStructOps:
		linux.memory[4] = a.ids[linux.memory[4]]
	}
	require.Equal(a, linux.memory, sim.memory)

	text, err := os.ReadFile(fmt.Sprintf("/proc/thread-self/fdinfo/%d", fd))
	require.NoError(a, err)
	_, ofLink, _ := strings.Cut(string(text), "link_type:")
	want := numbered.ReplaceAllStringFunc("link_type:"+ofLink, func(line string) string {
		var id uint32
		name, digits, _ := strings.Cut(line, ":\t")
		_, _ = fmt.Sscan(digits, &id)
		return fmt.Sprintf("%s:\t%d", name, a.ids[id])
	})
	require.Equal(a, want, a.files[fd].Object().FDInfo())
}
