package kernel

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Bpf makes the call. Linux has no BPF_MAP_DUMP: it is made of the calls that its loop stands for.
func (k *Linux) Bpf(cpu int, c program.Call, during func(call int)) Outcome {
	if err := k.pin(cpu); err != nil {
		panic(err) // programs are checked against the machine's CPUs
	}
	expected := k.expected
	k.expected = nil
	switch c.Cmd {
	case abi.PerfEventOpen, abi.PerfIoctl:
		return k.eventCall(c, expected)
	case abi.MapDump, abi.MapDumpJuly:
		return k.dump(cpu, c, during)
	case abi.MapGetNextID, abi.BTFGetNextID, abi.ProgGetNextID, abi.LinkGetNextID:
		return k.nextID(c, expected)
	case abi.MapGetFDByID, abi.BTFGetFDByID, abi.ProgGetFDByID, abi.LinkGetFDByID:
		return k.fdByID(c, expected)
	case abi.ObjGetInfoByFD:
		return k.info(c)
	case abi.ProgLoad:
		return k.loadProgram(c)
	case abi.ProgBindMap:
		return k.bindMap(c)
	case abi.LinkCreate:
		return k.attach(c, abi.LinkCreateFlags, abi.LinkRelative, expected)
	case abi.ProgAttach, abi.ProgDetach:
		return k.attach(c, attachFlagsAt, attachRelativeAt, expected)
	case abi.ProgQuery:
		return k.query(c, expected)
	case abi.MapLookupElem:
		return k.lookup(c)
	case abi.MapUpdateElem:
		return k.noteFilled(c, k.updateElem(c))
	case abi.MapDeleteElem:
		return k.noteFilled(c, k.ownerCall(c))
	case abi.MapUpdateBatch:
		return k.updateBatch(c)
	case abi.MapLookupBatch, abi.MapLookupAndDeleteBatch:
		return k.lookupBatch(c)
	}
	return k.plain(c)
}

// plain makes a call that has no ids in it.
func (k *Linux) plain(c program.Call) Outcome {
	k.pinned = k.pinned || c.Cmd == abi.ObjPin
	ret, errno := bpf(c.Cmd, c.Attr, c.Size)
	for c.Cmd == abi.ProgLoad && errno == abi.EAGAIN { // a signal interrupted the verifier
		ret, errno = bpf(c.Cmd, c.Attr, c.Size)
	}
	if errno != abi.OK || !program.MakesFD(c.Cmd) {
		return Outcome{Ret: int32(ret), Errno: errno}.clean()
	}
	k.move(ret, c.As, kindMade(c.Cmd, ret))
	switch c.Cmd {
	case abi.MapCreate:
		k.ids.add(k.idOf(c.As))
		k.noteOuter(c)
		k.noteArray(c)
		k.emptied = k.emptied || abi.MapType(k.user.arena.Field(c, abi.CreateMapType, 4)) == abi.ProgArray
		k.noteTyped(c)
	case abi.BTFLoad:
		k.btfs.add(k.idOf(c.As))
	case abi.ProgLoad:
		k.progs.add(k.idOf(c.As))
		k.noteHolder(c.As, k.user.arena.Field(c, abi.ProgLoadFDArrayCnt, 4))
	case abi.LinkCreate, abi.RawTracepointOpen:
		k.links.add(k.idOf(c.As))
		k.events.shows = k.events.shows || k.user.arena.Field(c, abi.LinkCreateAttachType, 4) == uint64(abi.AttachPerfEvent)
		k.tracepoints.made = k.tracepoints.made || c.Cmd == abi.RawTracepointOpen
	}
	return Outcome{Ret: c.As}
}

// kind is what an fd refers to.
type kind uint8

const (
	notOpen kind = iota
	foreignFile
	mapFile
	btfFile
	progFile
	linkFile
	eventFile
	iterFile
)

// kindMade is the kind of an fd that a command has returned.
func kindMade(cmd abi.Cmd, fd int) kind {
	switch cmd {
	case abi.BTFLoad, abi.BTFGetFDByID:
		return btfFile
	case abi.ProgLoad, abi.ProgGetFDByID:
		return progFile
	case abi.LinkCreate, abi.LinkGetFDByID, abi.RawTracepointOpen:
		return linkFile
	case abi.IterCreate:
		return iterFile
	case abi.ObjGet:
		switch text, _ := os.Readlink(fmt.Sprintf("/proc/thread-self/fd/%d", fd)); {
		case strings.Contains(text, "bpf-prog"):
			return progFile
		case strings.Contains(text, "link"):
			return linkFile
		}
	}
	return mapFile
}

// idsOf are the ids that a command is about, and the command that lists them.
func (k *Linux) idsOf(cmd abi.Cmd) (known *ids, next abi.Cmd) {
	switch cmd {
	case abi.BTFGetNextID, abi.BTFGetFDByID:
		return &k.btfs, abi.BTFGetNextID
	case abi.ProgGetNextID, abi.ProgGetFDByID:
		return &k.progs, abi.ProgGetNextID
	case abi.LinkGetNextID, abi.LinkGetFDByID:
		return &k.links, abi.LinkGetNextID
	}
	return &k.ids, abi.MapGetNextID
}

// settleIDs waits until all is gone that should be.
func (k *Linux) settleIDs() {
	k.settleEvents()
	k.settleTracepoints()
	k.settlePrograms()
	k.settleMaps()
	k.settleBTF()
}

// move gives a returned fd the number that the program wants.
func (k *Linux) move(fd int, as int32, what kind) {
	if err := unix.Dup3(fd, int(as), unix.O_CLOEXEC); err != nil {
		panic(err) // the limit of fds is too low for FirstFD+NumFDs
	}
	unix.Close(fd)
	k.noteLeft()
	k.open[as] = what
}

// Do makes the event happen.
func (k *Linux) Do(cpu int, e program.Event) abi.Errno {
	if err := k.pin(cpu); err != nil {
		panic(err)
	}
	err := k.event(e)
	if err == nil {
		return abi.OK
	}
	return abi.Errno(err.(unix.Errno))
}

func (k *Linux) event(e program.Event) error {
	switch e := e.(type) {
	case program.Close:
		return k.closeFD(e.FD)
	case program.Dup:
		return k.dup(e.FD, e.To)
	case program.Foreign:
		return k.foreign(e.FD)
	case program.Open:
		return k.openThing(e.FD, e.What)
	case program.FDInfo:
		return k.fdInfo(e)
	case program.Settle:
		k.settleIDs()
		return nil
	}
	k.pinned = true
	k.noteLeft()
	switch e := e.(type) {
	case program.Mkdir:
		return unix.Mkdir(e.Path, 0o700)
	case program.Rmdir:
		return unix.Rmdir(e.Path)
	case program.Unlink:
		return unix.Unlink(e.Path)
	case program.Rename:
		return unix.Rename(e.From, e.To)
	}
	panic(e)
}

func (k *Linux) closeFD(fd int32) error {
	if k.open[fd] == notOpen {
		return unix.EBADF
	}
	delete(k.open, fd)
	k.noteLeft()
	return unix.Close(int(fd))
}

func (k *Linux) dup(from, to int32) error {
	if k.open[from] == notOpen || !program.OurFD(to) {
		return unix.EBADF
	}
	if err := unix.Dup3(int(from), int(to), unix.O_CLOEXEC); err != nil {
		return err
	}
	k.noteLeft()
	k.open[to] = k.open[from]
	return nil
}

func (k *Linux) foreign(fd int32) error {
	if !program.OurFD(fd) {
		return unix.EBADF
	}
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	k.move(null, fd, foreignFile)
	return nil
}
