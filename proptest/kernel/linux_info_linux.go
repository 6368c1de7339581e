package kernel

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// ownFields are those of what is behind an fd.
func (k *Linux) ownFields(fd int32) []ownField {
	switch k.open[fd] {
	case btfFile:
		real := k.idOf(fd)
		return []ownField{idField(abi.BTFInfoID, real, k.btfs.ours[real])}
	case progFile:
		return k.programFields(fd)
	case linkFile:
		return k.linkFields(fd)
	case mapFile:
		real := k.idOf(fd)
		fields := []ownField{idField(abi.MapInfoID, real, k.ids.ours[real])}
		if btf := k.btfOf(fd); btf != 0 {
			fields = append(fields, idField(abi.MapInfoBTFID, btf, k.btfs.ours[btf]))
		}
		return fields
	}
	return nil
}

// btfOf is the real id of a map's BTF, 0 for none.
func (k *Linux) btfOf(fd int32) uint32 {
	const info = 64
	attr := k.user.scratch(info + abi.MapInfoSize)
	program.PutWord(attr[abi.InfoBPFFD:][:4], uint64(fd))
	program.PutWord(attr[abi.InfoLen:][:4], abi.MapInfoBTFID+4)
	program.PutWord(attr[abi.InfoPtr:][:8], scratchBase+info)
	if _, errno := bpf(abi.ObjGetInfoByFD, scratchBase, 16); errno != abi.OK {
		panic(errno) // as idOf
	}
	return uint32(program.Word(attr[info+abi.MapInfoBTFID:][:4]))
}

// info puts our ids in the place of the real ones in the struct that the call filled.
func (k *Linux) info(c program.Call) Outcome {
	var attr [16]byte
	arena := k.user.arena
	arena.Read(attr[:min(c.Size, 16)], c.Attr)
	readable := arena.Readable(c.Attr, int(c.Size))
	info, size := program.Word(attr[abi.InfoPtr:][:8]), int(program.Word(attr[abi.InfoLen:][:4]))
	fd := int32(program.Word(attr[abi.InfoBPFFD:][:4]))
	restore := k.askNothingCompiled(fd, info, size)
	given := slices.Clone(arena.Span(info, min(size, abi.ProgInfoSize), program.ToRead))
	out := k.plain(c)
	restore(out)
	k.programLists(fd, given)
	for _, f := range k.ownFields(fd) {
		at, n := info+uint64(f.offset), min(size-f.offset, len(f.ours))
		switch {
		case n <= 0:
		case out.Errno == abi.OK:
			length := c.Attr + abi.InfoLen // written last (kernel/bpf/syscall.c), maybe over the id
			k.replaceOwn(f, at, n, func(i int) bool { return at+uint64(i)-length >= 4 })
		case out.Errno == abi.EFAULT && readable:
			filled := k.filled(attr, f, arena.Span(at, n, program.ToWrite), given)
			k.replaceOwn(f, at, n, func(i int) bool { return filled[i] })
		}
	}
	return out
}

// askNothingCompiled takes the room for what a compiler made of a program out of what asks for a link's name (program.asksForName), for the
// length of the call.
func (k *Linux) askNothingCompiled(fd int32, info uint64, size int) (restore func(Outcome)) {
	room := k.user.arena.Span(info+abi.ProgInfoJitedLen, 4, program.ToPoke)
	if k.open[fd] != progFile || size < abi.ProgInfoJitedLen+4 || len(room) < 4 {
		return func(Outcome) {}
	}
	was := program.Word(room)
	program.PutWord(room, 0)
	return func(out Outcome) {
		if out.Errno != abi.OK && program.Word(room) == 0 && !k.writtenUpTo(out, info, size, abi.ProgInfoJitedLen+4) {
			program.PutWord(room, was)
		}
	}
}

// writtenUpTo reports whether a call that failed filled the first n bytes of a struct of size bytes before it faulted: it reads all of the struct
// first, and writes it last.
func (k *Linux) writtenUpTo(out Outcome, info uint64, size, n int) bool {
	arena := k.user.arena
	writable := len(arena.Span(info, size, program.ToWrite))
	return out.Errno == abi.EFAULT && arena.Readable(info, size) && n <= writable && writable < size
}

// replaceOwn puts bytes of what is ours at an address, which holds n of them.
func (k *Linux) replaceOwn(f ownField, at uint64, n int, holds func(i int) bool) {
	for i := range n {
		if holds(i) {
			k.user.arena.Poke(at+uint64(i), f.ours[i:i+1])
		}
	}
}

// filled reports which bytes of b, the place of a field, a call fills before it faults. What they hold proves nothing:
// the call is made once more, with an attr of its own and what the struct held, but over what is ours.
func (k *Linux) filled(attr [16]byte, f ownField, b, given []byte) (filled [8]bool) {
	arena := k.user.arena
	kept := slices.Clone(arena.Bytes())
	arena.Poke(program.Word(attr[abi.InfoPtr:][:8]), given)
	for i := range b {
		b[i] = f.ours[i]
	}
	copy(k.user.scratch(16), attr[:])
	bpf(abi.ObjGetInfoByFD, scratchBase, 16)
	for i := range b {
		filled[i] = b[i] == f.real[i] && f.ours[i] != f.real[i]
	}
	copy(arena.Bytes(), kept)
	return filled
}
