package replay

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// idTable translates between the ids of a recording and those of a program, which count what it has made.
type idTable struct {
	recorded []uint32 // by the program's, from 1
}

func newIDTable() *idTable { return &idTable{recorded: []uint32{0}} }

func (t *idTable) add(recorded uint32) { t.recorded = append(t.recorded, recorded) }

// noID is never given.
const noID = 1<<31 - 1

// ours is the program's id for a recorded one; behind which of ours one comes that the program has not, is known too.
func (t *idTable) ours(recorded uint32, walking bool) uint32 {
	at, found := slices.BinarySearch(t.recorded, recorded)
	switch {
	case found:
		return uint32(at)
	case walking && at < len(t.recorded):
		return uint32(at - 1)
	}
	return noID
}

// theirs is the recorded id for one of the program's.
func (t *idTable) theirs(ours uint64) uint64 {
	if ours < uint64(len(t.recorded)) {
		return uint64(t.recorded[ours])
	}
	return ours
}

// patch translates an id of an answer.
func (t *idTable) patch(at uint64) patch {
	return patch{at, 4, t.theirs, func(recorded uint64) uint64 { return uint64(t.ours(uint32(recorded), false)) }}
}

// swap gives one number for another.
func swap(from, to uint64) func(uint64) uint64 {
	return func(v uint64) uint64 {
		if v == from {
			return to
		}
		return v
	}
}

// kindOf is the kind of objects that a command is about.
func kindOf(c abi.Cmd) string {
	if c == abi.BTFGetFDByID {
		return "btf"
	}
	return "map"
}

// byID translates the ids of a call that has some in its attr.
func (s *settler) byID(c *recording.Call, t *settled, call *program.Call) {
	ids, walking := s.ids[kindOf(c.Cmd)], c.Cmd == abi.MapGetNextID
	attr := program.Attr{Bytes: call.Contents}
	attr.Set(abi.IDStart, 4, uint64(ids.ours(uint32(attr.Field(abi.IDStart, 4)), walking)))
	if walking {
		t.undo = append(t.undo, ids.patch(c.Attr+abi.IDNext))
	}
}

// info translates what is in the struct that tells of an object.
func (s *settler) info(c *recording.Call, t *settled, memory *contents) error {
	attr := program.Attr{Bytes: c.Contents}
	info, size := attr.Field(abi.InfoPtr, 8), int(attr.Field(abi.InfoLen, 4))
	name, _ := answerTo(c, recording.Question("fd", int32(attr.Field(abi.InfoBPFFD, 4))))
	switch {
	case strings.HasPrefix(name, "map:"):
		sh := s.shapes[objectName(name)]
		t.undo = append(t.undo, s.ids["map"].patch(info+abi.MapInfoID), s.ids["btf"].patch(info+abi.MapInfoBTFID))
		if sh.seeded {
			t.undo = append(t.undo, patch{info + abi.MapInfoMapFlags, 4,
				func(flags uint64) uint64 { return flags &^ uint64(abi.FlagZeroSeed) }, func(flags uint64) uint64 { return flags | uint64(abi.FlagZeroSeed) }})
		}
		return s.pointerIn(t, memory, info+abi.MapInfoHash, size >= abi.MapInfoHash+8)
	case strings.HasPrefix(name, "btf:"):
		t.undo = append(t.undo, s.ids["btf"].patch(info+abi.BTFInfoID))
		if err := s.pointerIn(t, memory, info+abi.BTFInfoData, size >= abi.BTFInfoData+8); err != nil {
			return err
		}
		return s.pointerIn(t, memory, info+abi.BTFInfoName, size >= abi.BTFInfoName+8)
	case name == "", name == recording.ClosedFD, name == recording.OtherFD:
		return nil
	}
	return fmt.Errorf("that ask about %s objects", strings.Split(name, ":")[0])
}

// pointerIn translates a pointer in memory, which is in the answer as well.
func (s *settler) pointerIn(t *settled, memory *contents, at uint64, there bool) error {
	to, ok := t.places.find(at)
	b := memory.at(to, 8)
	if !there || !ok || b == nil {
		return nil
	}
	was := program.Word(b)
	now, known := t.places.find(was)
	if !known {
		if was >= program.PageSize && was < 1<<47 {
			now, known = t.places.faults[was]
		}
		if !known {
			return nil
		}
	}
	program.PutWord(b, now)
	t.undo = append(t.undo, patch{at, 8, swap(now, was), swap(was, now)})
	return nil
}

// values translates values that are maps: fds in updates, ids in what is read.
func (s *settler) values(c *recording.Call, t *settled, memory *contents) {
	f, ok := abi.FieldOf(c.Cmd, "map_fd")
	attr := program.Attr{Bytes: c.Contents}
	if !ok || f.End() > len(c.Contents) {
		return
	}
	name, _ := answerTo(c, recording.Question("fd", int32(attr.Field(f.Offset, 4))))
	if sh := s.shapes[objectName(name)]; sh.typ != abi.ArrayOfMaps && sh.typ != abi.HashOfMaps {
		return
	}
	at, count := attr.Field(abi.ElemValue, 8), 1
	if batch, ok := abi.FieldOf(c.Cmd, "values"); ok {
		at, count = attr.Field(batch.Offset, 8), int(min(attr.Field(abi.BatchCount, 4), 1<<16))
	}
	for i := range count {
		value := at + uint64(4*i)
		switch c.Cmd {
		case abi.MapUpdateElem, abi.MapUpdateBatch:
			if to, ok := t.places.find(value); ok {
				if b := memory.at(to, 4); b != nil {
					program.PutWord(b, uint64(uint32(s.fd(c, int32(program.Word(b))))))
				}
			}
		case abi.MapLookupElem, abi.MapLookupAndDeleteElem, abi.MapLookupBatch, abi.MapLookupAndDeleteBatch:
			t.undo = append(t.undo, s.ids["map"].patch(value))
		}
	}
}
