package kernel

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// idField is where an id stands in the struct of OBJ_GET_INFO_BY_FD.
type idField struct {
	offset int
	real   uint32
	ours   uint32
}

// idFields are those of what is behind an fd.
func (k *Linux) idFields(fd int32) []idField {
	switch k.open[fd] {
	case btfFile:
		real := k.idOf(fd)
		return []idField{{abi.BTFInfoID, real, k.btfs.ours[real]}}
	case mapFile:
		real := k.idOf(fd)
		fields := []idField{{abi.MapInfoID, real, k.ids.ours[real]}}
		if btf := k.btfOf(fd); btf != 0 {
			fields = append(fields, idField{abi.MapInfoBTFID, btf, k.btfs.ours[btf]})
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
	given := slices.Clone(arena.Span(info, min(size, abi.MapInfoSize), program.ToRead))
	out := k.plain(c)
	for _, f := range k.idFields(int32(program.Word(attr[abi.InfoBPFFD:][:4]))) {
		at, n := info+uint64(f.offset), min(size-f.offset, 4)
		switch {
		case n <= 0:
		case out.Errno == abi.OK:
			length := c.Attr + abi.InfoLen // written last (kernel/bpf/syscall.c), maybe over the id
			k.replaceID(f, at, n, func(i int) bool { return at+uint64(i)-length >= 4 })
		case out.Errno == abi.EFAULT && readable:
			filled := k.filledID(attr, f, arena.Span(at, n, program.ToWrite), given)
			k.replaceID(f, at, n, func(i int) bool { return filled[i] })
		}
	}
	return out
}

// replaceID puts bytes of our id at an address, which holds n of them.
func (k *Linux) replaceID(f idField, at uint64, n int, holds func(i int) bool) {
	ours := binary.LittleEndian.AppendUint32(nil, f.ours)
	for i := range n {
		if holds(i) {
			k.user.arena.Poke(at+uint64(i), ours[i:i+1])
		}
	}
}

// filledID reports which bytes of b, the place of an id, a call fills before it faults. What they hold proves nothing:
// the call is made once more, with an attr of its own and what the struct held, but over the id's opposite.
func (k *Linux) filledID(attr [16]byte, f idField, b, given []byte) (filled [4]bool) {
	id := binary.LittleEndian.AppendUint32(nil, f.real)
	arena := k.user.arena
	kept := slices.Clone(arena.Bytes())
	arena.Poke(program.Word(attr[abi.InfoPtr:][:8]), given)
	for i := range b {
		b[i] = ^id[i]
	}
	copy(k.user.scratch(16), attr[:])
	bpf(abi.ObjGetInfoByFD, scratchBase, 16)
	for i := range b {
		filled[i] = b[i] == id[i]
	}
	copy(arena.Bytes(), kept)
	return filled
}
