package kernel

import (
	"encoding/binary"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Perf events on Linux. What a PERF_EVENT_ARRAY held is freed behind a grace period and in the background, where bpfsim does at once.

// events are what a program has to do with perf events.
type events struct {
	kept   []int    // open as long as the kernel is: opening the first event of a kind, and closing the last, takes long
	arrays []uint32 // real ids of the PERF_EVENT_ARRAYs that keep what is put in
	shows  bool     // an event has a program, or leads a group: when it is gone can be seen
	filled bool     // an array may have an event
	left   bool     // an event may have left one
}

// keep opens an event of each kind.
func (e *events) keep() {
	if e.kept != nil {
		return
	}
	for _, of := range [][2]uint64{
		{uint64(abi.PerfSoftware), abi.PerfBPFOutput}, {uint64(abi.PerfSoftware), abi.PerfDummy}, {uint64(abi.PerfTracepoint), 5},
		{uint64(abi.PerfTracepoint), 25}, {uint64(abi.PerfTracepoint), 26},
	} {
		attr := unix.PerfEventAttr{Type: uint32(of[0]), Config: of[1], Size: abi.PerfAttrSize, Bits: abi.PerfBitDisabled}
		if fd, err := unix.PerfEventOpen(&attr, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC); err == nil {
			e.kept = append(e.kept, fd)
		}
	}
}

func (e *events) close() {
	for _, fd := range e.kept {
		unix.Close(fd)
	}
}

// eventCall is a call about perf events. Its arguments are read as the attr of a command is that nobody knows.
func (k *Linux) eventCall(c program.Call, expected *expectation) Outcome {
	if _, errno := bpf(c.Cmd, c.Attr, c.Size); errno != abi.EINVAL {
		return Outcome{Errno: errno}
	}
	a, errno := eventArguments(k.user.arena, c)
	if errno != abi.OK {
		return Outcome{Errno: errno}
	}
	if c.Cmd == abi.PerfEventOpen {
		return k.openEvent(a, c.As)
	}
	fd, request, arg := int32(a.Field(abi.PerfIoctlFD, 4)), a.Field(abi.PerfIoctlRequest, 4), a.Field(abi.PerfIoctlArg, 8)
	if abi.PerfRequest(request) == abi.PerfQueryBPF {
		k.awaitQueried(fd, arg, expected)
		return k.queryEvent(fd, arg)
	}
	out := k.withoutUnpinned(expected, func() Outcome { return Outcome{Errno: ioctl(fd, request, arg)} })
	k.events.shows = k.events.shows || abi.PerfRequest(request) == abi.PerfSetBPF && out.Errno == abi.OK
	return out
}

func ioctl(fd int32, request, arg uint64) abi.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
	return abi.Errno(errno)
}

// openEvent makes the call, in a group as it is once those have left it that are closed.
func (k *Linux) openEvent(a program.Attr, as int32) Outcome {
	group := int32(a.Field(abi.PerfOpenGroup, 4))
	if group >= 0 {
		k.settleEvents()
	}
	fd, _, errno := unix.Syscall6(unix.SYS_PERF_EVENT_OPEN, uintptr(a.Field(abi.PerfOpenAttr, 8)), uintptr(int32(a.Field(abi.PerfOpenPID, 4))),
		uintptr(int32(a.Field(abi.PerfOpenCPU, 4))), uintptr(group), uintptr(a.Field(abi.PerfOpenFlags, 8)), 0)
	if errno != 0 {
		return Outcome{Errno: abi.Errno(errno)}
	}
	k.events.shows = k.events.shows || group >= 0
	k.move(int(fd), as, eventFile)
	return Outcome{Ret: as}
}

// queryEvent puts our ids of programs in the place of the real ones. Where other processes have programs at the tracepoint, they are left out.
func (k *Linux) queryEvent(fd int32, arg uint64) Outcome {
	k.settleEvents()
	room := [8]byte{}
	k.user.arena.Read(room[:], arg)
	before, known := k.programsAt(fd)
	out := Outcome{Errno: ioctl(fd, uint64(abi.PerfQueryBPF), arg)}
	for after, _ := k.programsAt(fd); !slices.Equal(before, after); after, _ = k.programsAt(fd) { // somebody came or went
		before = after
		out.Errno = ioctl(fd, uint64(abi.PerfQueryBPF), arg)
	}
	if !known || out.Errno == abi.E2BIG || len(k.user.arena.Span(arg, len(room), program.ToRead)) < len(room) {
		return out
	}
	wanted := int(program.Word(room[:4]))
	if slices.ContainsFunc(before, func(id uint32) bool { return k.progs.ours[id] == 0 }) {
		return k.queryOurs(arg, wanted, before)
	}
	for i := range min(wanted, len(before)) {
		b, real := k.user.arena.Span(arg+8+uint64(4*i), 4, program.ToWrite), binary.LittleEndian.AppendUint32(nil, before[i])
		if slices.Equal(b, real[:len(b)]) {
			copy(b, binary.LittleEndian.AppendUint32(nil, k.progs.ours[before[i]]))
		}
	}
	return out
}

// awaitQueried waits until as many of our programs are at an event's tracepoint as a query elsewhere has told: a link may be leaving it.
func (k *Linux) awaitQueried(fd int32, arg uint64, expected *expectation) {
	for begun := time.Now(); k.unpins(expected) && expected.outcome.Errno == abi.OK && time.Since(begun) < patience; time.Sleep(time.Millisecond) {
		all, known := k.programsAt(fd)
		ours := slices.DeleteFunc(all, func(id uint32) bool { return k.progs.ours[id] == 0 })
		if count := expected.memory.Span(arg+4, 4, program.ToRead); !known || len(count) < 4 || program.Word(count) == uint64(len(ours)) {
			return
		}
	}
}

// queryOurs is what a query would have told without the programs of others.
func (k *Linux) queryOurs(arg uint64, wanted int, all []uint32) Outcome {
	ours := slices.DeleteFunc(slices.Clone(all), func(id uint32) bool { return k.progs.ours[id] == 0 })
	list := program.Attr{Bytes: make([]byte, 4+4*wanted)}
	list.Set(0, 4, uint64(len(ours)))
	for i, id := range ours {
		list.Set(4+4*i, 4, uint64(k.progs.ours[id]))
	}
	switch written := k.user.arena.Write(arg+4, list.Bytes); {
	case written < len(list.Bytes):
		return Outcome{Errno: abi.EFAULT}
	case wanted > 0 && len(ours) > wanted:
		return Outcome{Errno: abi.ENOSPC}
	}
	return Outcome{}
}

// programsAt are the real ids of the programs at an event's tracepoint; false where there is none, or nobody may ask.
func (k *Linux) programsAt(fd int32) ([]uint32, bool) {
	const most = 64
	own := k.user.scratch(8 + 4*most)
	program.PutWord(own[:4], most)
	ok := ioctl(fd, uint64(abi.PerfQueryBPF), scratchBase) == abi.OK
	var ids []uint32
	for i := range int(min(program.Word(own[4:8]), most)) {
		ids = append(ids, uint32(program.Word(own[8+4*i:][:4])))
	}
	return ids, ok
}

// noteArray notes a PERF_EVENT_ARRAY that was made and keeps what is put in.
func (k *Linux) noteArray(c program.Call) {
	kind, flags := k.user.arena.Field(c, abi.CreateMapType, 4), k.user.arena.Field(c, abi.CreateMapFlags, 4)
	if kind == uint64(abi.PerfEventArray) && flags&uint64(abi.FlagPreserveElems) != 0 {
		k.events.arrays = append(k.events.arrays, k.ids.real[len(k.ids.real)-1])
	}
}

// noteFilled notes that an array has something, or has it no more, if a call about an element was one of an array.
func (k *Linux) noteFilled(c program.Call, out Outcome) Outcome {
	if d := (dumping{kernel: k, fd: k.user.arena.Field(c, abi.ElemMapFD, 4)}); out.Errno == abi.OK && k.refers {
		typ, _ := d.shape()
		k.events.filled = k.events.filled || typ == abi.PerfEventArray
		k.noteLeft()
	}
	return out
}

// noteLeft notes that a file, or a name, is gone: with it may be an array, or what came through it, or a link.
func (k *Linux) noteLeft() {
	k.events.left = k.events.left || k.events.filled && k.events.shows
	k.tracepoints.left = k.tracepoints.left || k.tracepoints.made
}

// settleEvents waits until those are freed that have left a map. Those of each CPU are freed in order, but the last steps of what is
// freed together are taken backwards: so two times.
func (k *Linux) settleEvents() {
	if !k.events.left {
		return
	}
	k.events.left = false
	k.onEachCPU(func() {
		k.flushEvents()
		k.flushEvents()
	})
}

// onEachCPU does something that may take more than the program may.
func (k *Linux) onEachCPU(do func()) {
	before := k.cpu
	mustSetCapabilities(true, true)
	for _, cpu := range k.cpus {
		_ = k.pin(cpu) // one that is usable
		do()
	}
	mustSetCapabilities(k.machine.BPF, k.machine.SysAdmin)
	_ = k.pin(before)
}

// mustSetCapabilities is setCapabilities where it worked before.
func mustSetCapabilities(bpf, sysAdmin bool) {
	if err := setCapabilities(bpf, sysAdmin); err != nil {
		panic(err)
	}
}

// flushEvents frees an event that alone holds a program, in a map, and waits until that is gone.
func (k *Linux) flushEvents() {
	attr := unix.PerfEventAttr{Type: uint32(abi.PerfSoftware), Config: abi.PerfBPFOutput, Size: abi.PerfAttrSize, Bits: abi.PerfBitDisabled}
	event, err := unix.PerfEventOpen(&attr, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		panic(err) // the program has made such events
	}
	prog := k.loadEmpty(abi.ProgPerfEvent)
	id := k.progID(prog)
	if errno := ioctl(int32(event), uint64(abi.PerfSetBPF), uint64(prog)); errno != abi.OK {
		panic(errno) // it is new
	}
	unix.Close(prog)
	array := k.make(abi.PerfEventArray, 0)
	d := dumping{kernel: k, fd: uint64(array)}
	scratch := k.user.alias[program.ArenaSize:]
	program.PutWord(scratch[scratchKey:][:4], 0)
	program.PutWord(scratch[scratchResult:][:4], uint64(event))
	if errno := d.elem(abi.MapUpdateElem, scratchBase+scratchKey, scratchBase+scratchResult, 0); errno != abi.OK {
		panic(errno) // the map was made a moment ago
	}
	unix.Close(event)
	unix.Close(array)
	for !k.goneID(abi.ProgGetFDByID, id) {
		time.Sleep(time.Millisecond) // a grace period takes several
	}
}

// emptyArrays takes the events out of the arrays that keep them: an event whose program uses the array would hold it, too, for ever.
func (k *Linux) emptyArrays() {
	for _, id := range k.events.arrays {
		attr := k.user.scratch(12)
		program.PutWord(attr[abi.IDStart:][:4], uint64(id))
		if fd, errno := bpf(abi.MapGetFDByID, scratchBase, 12); errno == abi.OK {
			k.emptyArray(fd)
			unix.Close(fd)
		}
	}
	k.events = events{kept: k.events.kept}
}

func (k *Linux) emptyArray(fd int) {
	d := dumping{kernel: k, fd: uint64(fd)}
	key := k.user.alias[program.ArenaSize:][scratchKey:][:4]
	errno := abi.OK
	for i := uint64(0); errno == abi.OK || errno == abi.ENOENT; i++ {
		program.PutWord(key, i)
		errno = d.elem(abi.MapDeleteElem, scratchBase+scratchKey, 0, 0)
	}
}
