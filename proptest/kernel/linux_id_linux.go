package kernel

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// ids translates between the ids that Linux gave a program's maps and the numbers 1, 2, 3... in the order of their
// creation, which are the ids on a fresh kernel. Maps of other processes do not exist for a program.
type ids struct {
	real []uint32
	ours map[uint32]uint32 // real to ours
}

func (t *ids) add(id uint32) {
	if t.ours == nil {
		t.ours = map[uint32]uint32{}
	}
	t.real = append(t.real, id)
	t.ours[id] = uint32(len(t.real))
}

// absent is an id that Linux never gives (ids are positive ints).
const absent = 1 << 31

// toReal is the real id for one of ours; 0 and what was never given are no ids there either.
func (t *ids) toReal(id uint32) uint32 {
	switch {
	case id == 0:
		return 0
	case id > uint32(len(t.real)):
		return absent
	}
	return t.real[id-1]
}

// idOf asks Linux for the id of the map behind an fd.
func (k *Linux) idOf(fd int32) uint32 {
	const info = 64
	attr := k.user.scratch(info + abi.MapInfoSize)
	program.PutWord(attr[abi.InfoBPFFD:][:4], uint64(fd))
	program.PutWord(attr[abi.InfoLen:][:4], 8)
	program.PutWord(attr[abi.InfoPtr:][:8], scratchBase+info)
	if _, errno := bpf(abi.ObjGetInfoByFD, scratchBase, 16); errno != abi.OK {
		panic(errno) // the map was made a moment ago
	}
	return uint32(program.Word(attr[info+abi.MapInfoID:][:4]))
}

// fdByID opens a map by its id, which stands in attr only for the length of the call.
func (k *Linux) fdByID(c program.Call) Outcome {
	b := k.user.arena.Span(c.Attr, 4, program.ToPoke)
	if len(b) < 4 || c.Size < 4 {
		return k.plain(c)
	}
	id := uint32(program.Word(b))
	program.PutWord(b, uint64(k.ids.toReal(id)))
	defer program.PutWord(b, uint64(id))
	return k.plain(c)
}

// nextID asks for the next id and goes on past other processes' maps. The first call is the program's own, with all
// its faults; where it gives an answer, ours takes its place.
func (k *Linux) nextID(c program.Call) Outcome {
	arena := k.user.arena
	var start, old [4]byte
	arena.Read(start[:min(c.Size, 4)], c.Attr)
	arena.Read(old[:], c.Attr+abi.IDNext)
	out := k.plain(c)
	faulted := out.Errno == abi.EFAULT && arena.Readable(c.Attr, int(c.Size))
	if out.Errno != abi.OK && !faulted {
		return out
	}
	next, ok := k.ourNext(uint32(program.Word(start[:])))
	if !ok {
		arena.Write(c.Attr+abi.IDNext, old[:])
		return Outcome{Errno: abi.ENOENT}
	}
	if !faulted {
		program.PutWord(arena.Span(c.Attr+abi.IDNext, 4, program.ToWrite), uint64(next))
	}
	return out
}

// ourNext is the id that follows start among the program's live maps.
func (k *Linux) ourNext(start uint32) (uint32, bool) {
	if int(start) >= len(k.ids.real) {
		return 0, false
	}
	id := k.ids.real[start] - 1 // nothing of ours lies between this and the map behind start
	for {
		attr := k.user.scratch(16)
		program.PutWord(attr[abi.IDStart:][:4], uint64(id))
		if _, errno := bpf(abi.MapGetNextID, scratchBase, 16); errno != abi.OK {
			return 0, false
		}
		id = uint32(program.Word(attr[abi.IDNext:][:4]))
		if ours, ok := k.ids.ours[id]; ok {
			return ours, true
		}
	}
}

// info puts our id in the place of the real one in the struct that the call filled.
func (k *Linux) info(c program.Call) Outcome {
	var attr [16]byte
	arena := k.user.arena
	arena.Read(attr[:min(c.Size, 16)], c.Attr)
	readable := arena.Readable(c.Attr, int(c.Size))
	out := k.plain(c)
	at, n := program.Word(attr[abi.InfoPtr:][:8])+abi.MapInfoID, min(int(program.Word(attr[abi.InfoLen:][:4]))-abi.MapInfoID, 4)
	if n <= 0 {
		return out
	}
	switch {
	case out.Errno == abi.OK:
		length := c.Attr + abi.InfoLen // written last (kernel/bpf/syscall.c), maybe over the id
		k.replaceID(attr, at, n, func(i int) bool { return at+uint64(i)-length >= 4 })
	case out.Errno == abi.EFAULT && readable:
		filled := k.filledID(attr, arena.Span(at, n, program.ToWrite))
		k.replaceID(attr, at, n, func(i int) bool { return filled[i] })
	}
	return out
}

// replaceID puts bytes of our id at an address, which holds n of them.
func (k *Linux) replaceID(attr [16]byte, at uint64, n int, holds func(i int) bool) {
	var ours [4]byte
	program.PutWord(ours[:], uint64(k.ids.ours[k.idOf(int32(program.Word(attr[abi.InfoBPFFD:][:4])))]))
	for i := range n {
		if holds(i) {
			k.user.arena.Poke(at+uint64(i), ours[i:i+1])
		}
	}
}

// filledID reports which bytes of b, the place of an id, a call fills before it faults. What they hold proves nothing:
// the call is made once more, with an attr of its own, and over the id's opposite.
func (k *Linux) filledID(attr [16]byte, b []byte) (filled [4]bool) {
	var id, before [4]byte
	program.PutWord(id[:], uint64(k.idOf(int32(program.Word(attr[abi.InfoBPFFD:][:4])))))
	copy(before[:], b)
	for i := range b {
		b[i] = ^id[i]
	}
	copy(k.user.scratch(16), attr[:])
	bpf(abi.ObjGetInfoByFD, scratchBase, 16)
	for i := range b {
		filled[i] = b[i] == id[i]
	}
	copy(b, before[:])
	return filled
}
