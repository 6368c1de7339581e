package kernel

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// Where names, lists and what is copied of them lie in the attacher's memory.
const (
	tracepointAt = 2304
	missingAt    = 2336
	fileAt       = 2400
	directoryAt  = 2432
	offsetsAt    = 2464
	cookiesAt    = 2496
	namesOut     = 2048 + 128
)

// Links at raw tracepoints and at functions of a file, of which info copies names and lists, and TASK_FD_QUERY.
func TestProbesAsLinux(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread is in another namespace
		a := newAttacher(t, rand.New(rand.NewPCG(3, 4)))
		a.probes()
		const rounds = 3_000
		for range rounds {
			switch a.draw.IntN(6) {
			case 0:
				a.openTracepoint()
			case 1:
				a.linkUprobes()
			case 2:
				a.endLink()
			case 3:
				a.tell()
			case 4:
				a.tellNames()
			case 5:
				a.askTaskFD()
			}
		}
		for _, want := range []string{
			"BPF_RAW_TRACEPOINT_OPEN OK", "BPF_RAW_TRACEPOINT_OPEN ENOENT", "BPF_RAW_TRACEPOINT_OPEN EFAULT", "BPF_LINK_CREATE OK",
			"BPF_LINK_CREATE ENOENT", "BPF_LINK_CREATE EBADF", "BPF_LINK_CREATE ESRCH", "BPF_LINK_CREATE EFAULT",
			"BPF_OBJ_GET_INFO_BY_FD OK", "BPF_OBJ_GET_INFO_BY_FD ENOSPC", "BPF_OBJ_GET_INFO_BY_FD EINVAL", "BPF_TASK_FD_QUERY OK",
			"BPF_TASK_FD_QUERY ENOTSUPP", "BPF_TASK_FD_QUERY ENOSPC",
		} {
			require.NotZero(t, a.seen[want], "%s never came of %v", want, a.seen)
		}
	}()
	<-done
}

// probes loads the programs and writes the names.
func (a *attacher) probes() {
	a.programs = nil
	a.load(abi.ProgRawTracepoint, 0, []abi.AttachType{abi.AttachTraceRawTP}, 0)
	a.load(abi.ProgKprobe, abi.AttachTraceUprobeMulti, []abi.AttachType{abi.AttachTraceUprobeMulti}, 0)
	a.load(abi.ProgXDP, 0, []abi.AttachType{abi.AttachXDP}, 0)
	copy(a.memory.bytes[tracepointAt:], "sched_switch\x00")
	copy(a.memory.bytes[missingAt:], "no_such_thing\x00")
	copy(a.memory.bytes[fileAt:], "/bin/bash\x00")
	copy(a.memory.bytes[directoryAt:], "/bin\x00")
	binary.LittleEndian.PutUint64(a.memory.bytes[offsetsAt:], 0x34000)
	binary.LittleEndian.PutUint64(a.memory.bytes[offsetsAt+8:], 0x34100)
	binary.LittleEndian.PutUint64(a.memory.bytes[cookiesAt:], 7)
}

func (p *pair) put64(off int, v uint64) {
	p.put(off, uint32(v))
	p.put(off+4, uint32(v>>32))
}

// at is an address in memory, seldom that of nothing.
func (a *attacher) at(off int) uint64 {
	if a.draw.IntN(12) == 0 {
		return pick[uint64](a.draw, 0, 1)
	}
	return a.memory.addr + uint64(off)
}

// usual is a program of a type, seldom another.
func (a *attacher) usual(kind abi.ProgType) loaded {
	for {
		if p := pick(a.draw, a.programs...); p.kind == kind || a.draw.IntN(15) == 0 {
			return p
		}
	}
}

func (a *attacher) openTracepoint() {
	var p pair
	p.put64(0, a.at(pick(a.draw, tracepointAt, tracepointAt, missingAt)))
	p.put(8, uint32(a.usual(abi.ProgRawTracepoint).fd))
	p.put64(16, pick[uint64](a.draw, 0, 1<<40|5))
	linux, _ := a.both(abi.RawTracepointOpen, p.linux, p.sim)
	a.keep(linux)
}

func (a *attacher) linkUprobes() {
	var p pair
	prog := a.usual(abi.ProgKprobe)
	p.put(abi.LinkCreateProgFD, uint32(prog.fd))
	p.put(abi.LinkCreateAttachType, uint32(prog.at))
	p.put(abi.LinkCreateFlags, pick[uint32](a.draw, 0, 0, 0, 0, 0, 1))
	p.put64(abi.LinkUprobePath, a.at(pick(a.draw, fileAt, fileAt, fileAt, fileAt, missingAt, directoryAt)))
	p.put64(abi.LinkUprobeOffsets, a.at(offsetsAt))
	p.put64(abi.LinkUprobeCookies, pick(a.draw, 0, a.at(cookiesAt)))
	p.put(abi.LinkUprobeCount, pick[uint32](a.draw, 0, 1, 2, 2, 2, 2, 1<<20+1))
	p.put(abi.LinkUprobeFlags, pick[uint32](a.draw, 0, 0, 0, 1, 2))
	p.put(abi.LinkUprobePID, pick(a.draw, 0, 0, 0, uint32(os.Getpid()), 0x7ffffff0, 1<<31))
	linux, _ := a.both(abi.LinkCreate, p.linux, p.sim)
	a.keep(linux)
}

// tellNames asks for info with room for names and lists.
func (a *attacher) tellNames() {
	if len(a.links) == 0 {
		return
	}
	fd := pick(a.draw, a.links...)
	info := a.memory.bytes[2048:]
	a.fill = func() {
		room := func() uint32 { return pick[uint32](a.draw, 0, 1, 2, 5, 14, 32) }
		address := func() uint64 { return a.at(pick(a.draw, namesOut, namesOut+40)) }
		if abi.LinkType(a.kindOf(fd)) == abi.LinkRawTracepoint {
			binary.LittleEndian.PutUint64(info[16:], address())
			binary.LittleEndian.PutUint32(info[24:], room())
			return
		}
		for _, off := range []int{16, 24, 32, 40} {
			binary.LittleEndian.PutUint64(info[off:], pick(a.draw, 0, address()))
		}
		binary.LittleEndian.PutUint32(info[48:], room())
		binary.LittleEndian.PutUint32(info[52:], pick[uint32](a.draw, 0, 1, 2, 3))
	}
	filled := make([]byte, 64)
	a.fill()
	copy(filled, info)
	a.fill = func() { copy(info, filled) }
	defer func() { a.fill = nil }()
	args := bpfsys.ObjGetInfoByFD{FD: fd, Info: a.memory.addr + 2048, InfoLen: 64}
	attr := args.Encode()
	linux, sim := a.both(abi.ObjGetInfoByFD, attr, attr)
	if linux.errno != abi.OK {
		linux.memory, sim.memory = linux.memory[16:], sim.memory[16:]
	} else {
		linux.memory[1], linux.memory[2] = a.ids[linux.memory[1]], a.ids[linux.memory[2]]
	}
	require.Equal(a, linux.memory, sim.memory, "%x", filled)
}

func (a *attacher) kindOf(fd int32) abi.LinkType { return a.files[fd].Object().(*bpfsys.Link).Type() }

func (a *attacher) askTaskFD() {
	var p pair
	fd := pick(a.draw, a.fds.hash, a.fds.closed, a.programs[0].fd)
	if len(a.links) > 0 && a.draw.IntN(5) != 0 {
		fd = pick(a.draw, a.links...)
	}
	p.put(0, uint32(os.Getpid()))
	p.put(4, uint32(fd))
	p.put(12, pick[uint32](a.draw, 0, 1, 5, 13, 64))
	p.put64(16, a.at(namesOut))
	linux, sim := a.both(abi.TaskFDQuery, p.linux, p.sim)
	if id := binary.LittleEndian.Uint32(linux.attr[24:]); id != 0 {
		binary.LittleEndian.PutUint32(linux.attr[24:], a.ids[id])
	}
	require.Equal(a, words(linux.attr), words(sim.attr), fmt.Sprint(fd))
	require.Equal(a, linux.memory, sim.memory)
}
