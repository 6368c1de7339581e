package kernel

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// idOf asks Linux for the id of the map or BTF behind an fd.
func (k *Linux) idOf(fd int32) uint32 {
	const info = 64
	attr := k.user.scratch(info + abi.MapInfoSize)
	program.PutWord(attr[abi.InfoBPFFD:][:4], uint64(fd))
	program.PutWord(attr[abi.InfoLen:][:4], 16)
	program.PutWord(attr[abi.InfoPtr:][:8], scratchBase+info)
	if _, errno := bpf(abi.ObjGetInfoByFD, scratchBase, 16); errno != abi.OK {
		panic(errno) // the map was made a moment ago
	}
	at := abi.MapInfoID
	if k.open[fd] == btfFile {
		at = abi.BTFInfoID
	}
	return uint32(program.Word(attr[info+at:][:4]))
}

// fdByID opens a map, BTF, program or link by its id, which stands in attr only for the length of the call.
func (k *Linux) fdByID(c program.Call, expected *expectation) Outcome {
	b := k.user.arena.Span(c.Attr, 4, program.ToPoke)
	if len(b) < 4 || c.Size < 4 {
		return k.plain(c)
	}
	id := uint32(program.Word(b))
	known, list := k.idsOf(c.Cmd)
	real := known.toReal(id)
	k.await(expected, func() bool { return expected.opened(k.lives(list, real)) })
	program.PutWord(b, uint64(real))
	defer program.PutWord(b, uint64(id))
	return k.plain(c)
}

// nextID asks for the next id and goes on past those of other processes. The first call is the program's own, with all
// its faults; where it gives an answer, ours takes its place.
func (k *Linux) nextID(c program.Call, expected *expectation) Outcome {
	arena := k.user.arena
	known, _ := k.idsOf(c.Cmd)
	var start, old [4]byte
	arena.Read(start[:min(c.Size, 4)], c.Attr)
	arena.Read(old[:], c.Attr+abi.IDNext)
	readable := arena.Readable(c.Attr, int(c.Size))
	k.await(expected, func() bool {
		next, ok := k.ourNext(c.Cmd, known, uint32(program.Word(start[:])))
		return !readable || expected.told(c, next, ok)
	})
	out := k.plain(c)
	faulted := out.Errno == abi.EFAULT && readable
	if out.Errno != abi.OK && !faulted {
		return out
	}
	next, ok := k.ourNext(c.Cmd, known, uint32(program.Word(start[:])))
	if !ok {
		arena.Write(c.Attr+abi.IDNext, old[:])
		return Outcome{Errno: abi.ENOENT}
	}
	if !faulted {
		program.PutWord(arena.Span(c.Attr+abi.IDNext, 4, program.ToWrite), uint64(next))
	}
	return out
}

// ourNext is the id that follows start among the program's own that live.
func (k *Linux) ourNext(cmd abi.Cmd, known *ids, start uint32) (uint32, bool) {
	if int(start) >= len(known.real) {
		return 0, false
	}
	id := known.real[start] - 1 // nothing of ours lies between this and the map behind start
	for {
		attr := k.user.scratch(16)
		program.PutWord(attr[abi.IDStart:][:4], uint64(id))
		if _, errno := bpf(cmd, scratchBase, 16); errno != abi.OK {
			return 0, false
		}
		id = uint32(program.Word(attr[abi.IDNext:][:4]))
		if ours, ok := known.ours[id]; ok {
			return ours, true
		}
	}
}
