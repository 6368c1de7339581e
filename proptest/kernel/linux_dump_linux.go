package kernel

import (
	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// dump is BPF_MAP_DUMP of either mail made of real calls: whatever Linux can answer, it answers. What is left to this file is the
// order of checks in the mail (RFC v3, 3 July 2019) and its loop with one buffer.
func (k *Linux) dump(cpu int, c program.Call, during func(call int)) Outcome {
	// An unknown command number still has its attr read first, with all the faults that can give.
	if _, errno := bpf(c.Cmd, c.Attr, c.Size); errno != abi.EINVAL {
		return Outcome{Errno: errno}
	}
	a := program.Attr{Bytes: make([]byte, abi.AttrSize)}
	k.user.arena.Read(a.Bytes[:min(c.Size, abi.AttrSize)], c.Attr)
	if !program.Zero(a.Bytes[program.LayoutOf(c.Cmd).End:]) {
		return Outcome{Errno: abi.EINVAL}
	}
	d := newDumping(c.Cmd, a)
	d.kernel, d.cpu, d.during, d.arena = k, cpu, during, k.user.arena
	if d.flags&^abi.Lock != 0 || k.open[int32(d.fd)] > mapFile {
		return Outcome{Errno: abi.EINVAL}
	}
	if during != nil { // a step inside may close the fd, but not the file that the call holds
		held, err := unix.FcntlInt(uintptr(d.fd), unix.F_DUPFD_CLOEXEC, int(program.FirstFD+program.NumFDs))
		if err == nil {
			defer unix.Close(held)
			d.fd = uint64(held)
		}
	}
	return Outcome{Errno: d.dump()}
}

// newDumping reads the command's fields.
func newDumping(cmd abi.Cmd, a program.Attr) *dumping {
	if cmd == abi.MapDumpJuly {
		return &dumping{
			fd: a.Field(abi.JulyMapFD, 4), prevKey: a.Field(abi.JulyPrevKey, 8), buf: a.Field(abi.JulyBuf, 8),
			bufLen: a.Field(abi.JulyBufLen, 8), flags: a.Field(abi.JulyFlags, 8),
		}
	}
	return &dumping{
		fd: a.Field(abi.DumpMapFD, 4), prevKey: a.Field(abi.DumpPrevKey, 8), buf: a.Field(abi.DumpBuf, 8),
		bufLen: a.Field(abi.DumpBufLen, 8),
	}
}

// dumping is one dump in progress.
type dumping struct {
	kernel *Linux
	cpu    int
	during func(call int)
	arena  *program.Arena
	fd     uint64

	prevKey, buf, bufLen uint64 // user addresses
	flags                uint64 // abi.Lock at most

	typ                abi.MapType
	keySize, valueSize int
	cursor             []byte // nil: from the beginning
	element            []byte // the key buffer and the value behind it
	made               int    // calls of the loop so far
}

func (d *dumping) dump() abi.Errno {
	typ, errno := d.shape()
	if errno != abi.OK {
		return errno
	}
	// A key pointer that faults: the real call gets as far as the fd's rights.
	if errno := d.elem(abi.MapGetNextKey, 1, 1, 0); errno == abi.EPERM {
		return errno
	}
	switch {
	case d.flags != 0 && d.elem(abi.MapLookupElem, 1, 1, d.flags) != abi.EFAULT: // values have no spin lock
		return abi.EINVAL
	case typ == abi.Queue, typ == abi.Stack, typ == abi.BloomFilter, typ == abi.PerfEventArray, typ == abi.CPUMap,
		typ == abi.RingBuf, typ == abi.UserRingBuf, references(typ), typ == abi.StackTrace, typ == abi.CgroupStorage,
		typ == abi.PerCPUCgroupStorage, typ == abi.Arena, storage(typ):
		return abi.ENOTSUPP
	}
	room, errno := d.arguments()
	if errno != abi.OK {
		return errno
	}
	d.element = make([]byte, d.keySize+d.valueSize)
	return d.finish(d.loop(room))
}

// arguments reads what the addresses in attr point to: the room in the buffer, in bytes, and the cursor.
func (d *dumping) arguments() (room uint64, errno abi.Errno) {
	var length [4]byte
	if d.arena.Read(length[:], d.bufLen) < len(length) {
		return 0, abi.EFAULT
	}
	room = program.Word(length[:])
	switch {
	case room < uint64(d.keySize+d.valueSize):
		return 0, abi.EINVAL
	case d.prevKey == 0:
		return room, abi.OK
	}
	d.cursor = make([]byte, d.keySize)
	if d.arena.Read(d.cursor, d.prevKey) < d.keySize {
		return 0, abi.EFAULT
	}
	return room, abi.OK
}

// shape asks what the fd is.
func (d *dumping) shape() (abi.MapType, abi.Errno) {
	if d.kernel.open[int32(d.fd)] > mapFile {
		return 0, abi.EINVAL
	}
	const info = 64
	attr := d.kernel.user.scratch(info + abi.MapInfoSize)
	program.PutWord(attr[abi.InfoBPFFD:][:4], d.fd)
	program.PutWord(attr[abi.InfoLen:][:4], 16)
	program.PutWord(attr[abi.InfoPtr:][:8], scratchBase+info)
	if _, errno := bpf(abi.ObjGetInfoByFD, scratchBase, 16); errno != abi.OK {
		if errno == abi.EBADFD { // info's own word for EBADF
			errno = abi.EBADF
		}
		return 0, errno
	}
	d.keySize = int(program.Word(attr[info+abi.MapInfoKeySize:][:4]))
	typ := abi.MapType(program.Word(attr[info+abi.MapInfoType:][:4]))
	d.typ = typ
	d.valueSize = program.ValueBytes(typ, int(program.Word(attr[info+abi.MapInfoValueSize:][:4])), PossibleCPUs())
	return typ, abi.OK
}

// elem makes an element call with its attr in scratch memory.
func (d *dumping) elem(cmd abi.Cmd, key, value, flags uint64) abi.Errno {
	attr := d.kernel.user.alias[program.ArenaSize:][:32]
	clear(attr)
	program.PutWord(attr[abi.ElemMapFD:][:4], d.fd)
	program.PutWord(attr[abi.ElemKey:][:8], key)
	program.PutWord(attr[abi.ElemValue:][:8], value)
	program.PutWord(attr[abi.ElemFlags:][:8], flags)
	_, errno := bpf(cmd, scratchBase, 32)
	return errno
}

// Where a loop call's key and result lie in scratch memory.
const (
	scratchKey    = 64
	scratchResult = scratchSize / 2
)

// loopCall makes one call of the loop: key in, result out.
func (d *dumping) loopCall(cmd abi.Cmd, key, result []byte) abi.Errno {
	if d.during != nil {
		d.during(d.made)
		if err := d.kernel.pin(d.cpu); err != nil {
			panic(err)
		}
	}
	d.made++
	scratch := d.kernel.user.alias[program.ArenaSize:]
	addr := uint64(0)
	if key != nil {
		addr = scratchBase + scratchKey
		copy(scratch[scratchKey:], key)
	}
	flags := uint64(0)
	if cmd == abi.MapLookupElem {
		flags = d.flags
	}
	errno := d.elem(cmd, addr, scratchBase+scratchResult, flags)
	if errno == abi.OK {
		copy(result, scratch[scratchResult:])
	}
	if errno == abi.OK && cmd == abi.MapLookupElem && outer(d.typ) {
		d.kernel.translate(result)
	}
	return errno
}

// loop copies elements to the user's buffer while they fit in room, and returns their bytes and how it ended. After
// the first one, cursor and the key buffer are the same memory: a key whose value is gone becomes the cursor.
func (d *dumping) loop(room uint64) (filled uint64, errno abi.Errno) {
	key, value := d.element[:d.keySize], d.element[d.keySize:]
	for filled+uint64(len(d.element)) <= room {
		if errno = d.loopCall(abi.MapGetNextKey, d.cursor, key); errno != abi.OK {
			break
		}
		errno = d.loopCall(abi.MapLookupElem, key, value)
		if errno == abi.ENOENT {
			if d.typ == abi.ArrayOfMaps { // an empty slot: bpfsim goes on behind it
				d.cursor = key
			}
			continue
		}
		if errno != abi.OK {
			return 0, errno
		}
		if d.arena.Write(d.buf+filled, d.element) < len(d.element) {
			return 0, abi.EFAULT
		}
		d.cursor = key
		filled += uint64(len(d.element))
	}
	return filled, errno
}

// finish tells the caller how much there is and, unless the walk began with this call, the last key.
func (d *dumping) finish(filled uint64, errno abi.Errno) abi.Errno {
	if errno == abi.ENOENT && filled > 0 {
		errno = abi.OK
	}
	if errno != abi.OK {
		return errno
	}
	var word [4]byte
	program.PutWord(word[:], filled)
	if d.arena.Write(d.bufLen, word[:]) < 4 {
		return abi.EFAULT
	}
	if d.prevKey != 0 && d.arena.Write(d.prevKey, d.element[:d.keySize]) < d.keySize {
		return abi.EFAULT
	}
	return abi.OK
}
