package kernel

import (
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// The values that maps of maps show are ids, which are put in the place of the real ones as elsewhere (ids).

// outer reports whether maps of that type hold maps.
func outer(typ abi.MapType) bool { return typ == abi.ArrayOfMaps || typ == abi.HashOfMaps }

// noteOuter notes a map of maps that was made, and that there is one whose values refer, or belong, to other things.
func (k *Linux) noteOuter(c program.Call) {
	typ := abi.MapType(k.user.arena.Field(c, abi.CreateMapType, 4))
	k.refers, k.stores = k.refers || references(typ) || typ == abi.CPUMap, k.stores || storage(typ)
	if outer(typ) {
		k.outers = append(k.outers, k.ids.real[len(k.ids.real)-1])
	}
}

// referring is the map of an element command, when its values refer to things.
func (k *Linux) referring(c program.Call) (*dumping, bool) {
	if !k.refers {
		return nil, false
	}
	d := &dumping{kernel: k, fd: k.user.arena.Field(c, abi.ElemMapFD, 4)}
	typ, errno := d.shape()
	return d, errno == abi.OK && (references(typ) || typ == abi.CPUMap)
}

// isOuter reports whether the fd at an offset of attr is one.
func (k *Linux) isOuter(c program.Call, offset int) bool { return outer(k.typeOf(c, offset)) }

// typeOf is the type of the map behind the fd at an offset of attr; Unspec when it is none, or no map of maps was made.
func (k *Linux) typeOf(c program.Call, offset int) abi.MapType {
	if len(k.outers) == 0 {
		return abi.Unspec
	}
	d := dumping{kernel: k, fd: k.user.arena.Field(c, offset, 4)}
	typ, _ := d.shape()
	return typ
}

// lookup is a lookup whose value may be an id. At a fault the part of it that fits was written, unless attr itself faulted.
func (k *Linux) lookup(c program.Call) Outcome {
	if d, ok := k.referring(c); ok && (d.valueSize == 8 || d.typ == abi.ProgArray) {
		return k.referenceLookup(c, d)
	}
	if !k.isOuter(c, abi.ElemMapFD) {
		return k.ownerCall(c)
	}
	at := k.user.arena.Field(c, abi.ElemValue, 8)
	id, ok := k.idAt(k.user.arena.Field(c, abi.ElemMapFD, 4), k.user.arena.Field(c, abi.ElemKey, 8))
	readable := k.user.arena.Readable(c.Attr, int(c.Size))
	out := k.plain(c)
	if ok && (out.Errno == abi.OK || out.Errno == abi.EFAULT && readable) {
		k.user.arena.Write(at, id[:])
	}
	return out
}

// idAt is our id for what a map of maps has for the key at an address.
func (k *Linux) idAt(fd, key uint64) (ours [4]byte, ok bool) {
	d := dumping{kernel: k, fd: fd}
	if d.elem(abi.MapLookupElem, key, scratchBase+scratchResult, 0) != abi.OK {
		return ours, false
	}
	copy(ours[:], k.user.alias[program.ArenaSize:][scratchResult:])
	return ours, k.translate(ours[:])
}

// translate puts our id in the place of a real one.
func (k *Linux) translate(b []byte) bool {
	ours, ok := k.ids.ours[uint32(program.Word(b))]
	if ok {
		program.PutWord(b, uint64(ours))
	}
	return ok
}

// lookupBatch is a batch whose values may be ids. Nothing tells how far one came that ended in a fault; but what programs
// write is hardly ever a real id.
func (k *Linux) lookupBatch(c program.Call) Outcome {
	if !k.isOuter(c, abi.BatchMapFD) {
		return k.plain(c)
	}
	arena := k.user.arena
	values, count := arena.Field(c, abi.BatchValues, 8), arena.Field(c, abi.BatchCount, 4)
	whole := uint64(0)
	for whole < min(count, program.PageSize/4) && len(arena.Span(values+4*whole, 4, program.ToWrite)) == 4 {
		whole++
	}
	part := arena.Span(values+4*whole, 4, program.ToWrite)
	if whole == count {
		part = nil
	}
	before, mark := slices.Clone(part), k.noID()
	for i := range part {
		part[i] = mark
	}
	out := k.plain(c)
	for i := range whole {
		k.translate(arena.Span(values+4*i, 4, program.ToWrite))
	}
	switch {
	case len(part) == 0:
	case part[0] == mark: // not written
		copy(part, before)
	default:
		k.translatePart(part)
	}
	return out
}

// noID is a byte with which no real id begins.
func (k *Linux) noID() byte {
	for mark := byte(0xff); ; mark-- {
		if !slices.ContainsFunc(k.ids.real, func(id uint32) bool { return byte(id) == mark }) {
			return mark
		}
	}
}

// updateElem is an update whose value may be an fd. One of this process is not the program's: the call then finds -1, which
// is not open either, in memory of our own, as the value may be the key or attr, too.
func (k *Linux) updateElem(c program.Call) Outcome {
	if d, ok := k.referring(c); ok {
		return k.referenceUpdate(c, d)
	}
	value := k.user.arena.Span(k.user.arena.Field(c, abi.ElemValue, 8), 4, program.ToPoke)
	field := k.user.arena.Span(c.Attr+abi.ElemValue, 8, program.ToPoke)
	if len(value) < 4 || len(field) < 8 || c.Size < abi.ElemValue+8 || !foreign(value) || !outer(k.typeOf(c, abi.ElemMapFD)) {
		return k.ownerCall(c)
	}
	program.PutWord(k.user.alias[program.ArenaSize:][scratchResult:][:4], 1<<32-1)
	d := &dumping{kernel: k, fd: k.user.arena.Field(c, abi.ElemMapFD, 4)}
	d.shape()
	return k.ownValue(c, d.keySize, field)
}

// ownValue makes an update with the value in scratch memory, to which the field of attr is set for the length of the call. A key
// that lies over the field is taken from scratch memory, too.
func (k *Linux) ownValue(c program.Call, keySize int, field []byte) Outcome {
	at, key := k.user.arena.Field(c, abi.ElemKey, 8), k.user.arena.Span(c.Attr+abi.ElemKey, 8, program.ToPoke)
	defer program.PutWord(field, program.Word(field))
	if k.user.arena.Readable(at, keySize) && overlap(at, uint64(keySize), c.Attr+abi.ElemValue, 8) {
		copy(k.user.alias[program.ArenaSize:][scratchKey:], k.user.arena.Span(at, keySize, program.ToRead))
		defer program.PutWord(key, at)
		program.PutWord(key, scratchBase+scratchKey)
	}
	program.PutWord(field, scratchBase+scratchResult)
	return k.plain(c)
}

// foreign reports whether a value is an fd that programs do not have, and this process may.
func foreign(value []byte) bool {
	n := int32(program.Word(value))
	return !program.OurFD(n) && (n < 0 || n > 2)
}

// updateBatch is updateElem of many: -1 takes the place of fds for the length of the call. Words of attr must stay.
func (k *Linux) updateBatch(c program.Call) Outcome {
	if !outer(k.typeOf(c, abi.BatchMapFD)) {
		return k.plain(c)
	}
	at, count := k.user.arena.Field(c, abi.BatchValues, 8), k.user.arena.Field(c, abi.BatchCount, 4)
	for i := range min(count, program.PageSize/4) {
		b := k.user.arena.Span(at+4*i, 4, program.ToPoke)
		if len(b) < 4 {
			break
		}
		if foreign(b) && !overlap(at+4*i, 4, c.Attr, uint64(c.Size)) {
			defer program.PutWord(b, program.Word(b))
			program.PutWord(b, 1<<32-1)
		}
	}
	return k.plain(c)
}

// overlap reports whether two ranges of addresses have one in common.
func overlap(a, aSize, b, bSize uint64) bool { return a < b+bSize && b < a+aSize }

// translatePart is translate for the beginning of an id.
func (k *Linux) translatePart(b []byte) {
	for i, real := range k.ids.real {
		var theirs, ours [4]byte
		program.PutWord(theirs[:], uint64(real))
		if slices.Equal(theirs[:len(b)], b) {
			program.PutWord(ours[:], uint64(i+1))
			copy(b, ours[:])
			return
		}
	}
}

// settleMaps waits until the maps are gone that were in a map which is: Linux frees those in the background, where bpfsim does
// at once.
func (k *Linux) settleMaps() {
	alive := slices.DeleteFunc(k.outers, func(id uint32) bool { return k.gone(id) })
	freed := len(alive) < len(k.outers)
	if k.outers = alive; freed {
		k.flush()
	}
	if k.emptied {
		k.onEachCPU(k.flushEmptied)
	}
}

// flushEmptied waits until the PROG_ARRAYs are gone that nobody has open any more: Linux empties them in the background, in the
// order in which that was asked for on a CPU, and they live until then.
func (k *Linux) flushEmptied() {
	for !k.flushEmptiedOnce() {
	}
}

// flushEmptiedOnce gives up after a while: a PROG_ARRAY that another process opens by its id and closes again before it is emptied
// never goes (seen on 6.18: it is emptied once, but held twice for that).
func (k *Linux) flushEmptiedOnce() (done bool) {
	last := k.make(abi.ProgArray, 0)
	id := k.idOf(int32(last))
	unix.Close(last)
	for begun := time.Now(); k.lives(abi.MapGetNextID, id); runtime.Gosched() {
		if time.Since(begun) > patience {
			return false
		}
	}
	return true
}

// lives reports whether something has that id, by the command that lists its kind, false for who may not ask. It opens nothing: a
// PROG_ARRAY that is closed is emptied again.
func (k *Linux) lives(next abi.Cmd, id uint32) bool {
	attr := k.user.scratch(8)
	program.PutWord(attr[abi.IDStart:][:4], uint64(id-1))
	_, errno := bpf(next, scratchBase, 8)
	return errno == abi.OK && uint32(program.Word(attr[abi.IDNext:][:4])) == id
}

// gone reports whether no map has that id. Who may not ask cannot see the difference either.
func (k *Linux) gone(id uint32) bool { return k.goneID(abi.MapGetFDByID, id) }

func (k *Linux) goneID(cmd abi.Cmd, id uint32) bool {
	attr := k.user.scratch(12)
	program.PutWord(attr[abi.IDStart:][:4], uint64(id))
	fd, errno := bpf(cmd, scratchBase, 12)
	if errno == abi.OK {
		unix.Close(fd)
	}
	return errno == abi.ENOENT
}

// flush frees a map of maps and waits until the one that was in it is gone: work in the background is begun in order.
func (k *Linux) flush() {
	inner := k.make(abi.Array, 0)
	id := k.idOf(int32(inner))
	k.freeInner(inner)
	for !k.gone(id) {
		runtime.Gosched()
	}
}

// freeInner frees a map behind one that it was in.
func (k *Linux) freeInner(inner int) {
	last := k.make(abi.ArrayOfMaps, inner)
	d := dumping{kernel: k, fd: uint64(last)}
	scratch := k.user.alias[program.ArenaSize:]
	program.PutWord(scratch[scratchKey:][:4], 0)
	program.PutWord(scratch[scratchResult:][:4], uint64(inner))
	if errno := d.elem(abi.MapUpdateElem, scratchBase+scratchKey, scratchBase+scratchResult, 0); errno != abi.OK {
		panic(errno) // the maps were made a moment ago
	}
	unix.Close(inner)
	unix.Close(last)
}

// make makes an array of one element, or one map.
func (k *Linux) make(typ abi.MapType, inner int) (fd int) { return k.makeTyped(typ, inner, 0, 0) }

// makeTyped is make with a type of BTF for keys and values.
func (k *Linux) makeTyped(typ abi.MapType, inner, types int, number uint32) (fd int) {
	attr := k.user.scratch(64)
	program.PutWord(attr[abi.CreateMapType:][:4], uint64(typ))
	program.PutWord(attr[abi.CreateKeySize:][:4], 4)
	program.PutWord(attr[abi.CreateValueSize:][:4], 4)
	program.PutWord(attr[abi.CreateMaxEntries:][:4], 1)
	program.PutWord(attr[abi.CreateInnerMapFD:][:4], uint64(inner))
	program.PutWord(attr[abi.CreateBTFFD:][:4], uint64(types))
	program.PutWord(attr[abi.CreateBTFKeyTypeID:][:4], uint64(number))
	program.PutWord(attr[abi.CreateBTFValueTypeID:][:4], uint64(number))
	fd, errno := bpf(abi.MapCreate, scratchBase, 64)
	if errno != abi.OK {
		panic(errno) // the program has made such maps
	}
	return fd
}
