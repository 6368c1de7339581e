package kernel

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// A link that cannot be attached costs an id, here as on Linux; but nobody can tell of which errno that is true there. So a program
// sees numbers in the place of the ids of links on both.

// Bits of attach_flags that say what relative_fd is.
const (
	relativeID   = 1 << 5
	relativeLink = 1 << 13
)

// Offsets in attr.
const (
	attachFlagsAt    = 12
	attachRelativeAt = 20
	queryProgsAt     = 16
	queryCountAt     = 24
	queryLinksAt     = 40
)

// linkCall is a call about links.
func (k *Sim) linkCall(c program.Call, call func() Outcome) Outcome {
	switch c.Cmd {
	case abi.ProgAttach, abi.ProgDetach:
		return k.besideLink(c, attachFlagsAt, attachRelativeAt, call)
	case abi.ProgQuery:
		return k.queryLinks(c, call)
	case abi.LinkCreate:
		return k.noteLink(k.besideLink(c, abi.LinkCreateFlags, abi.LinkRelative, call))
	case abi.RawTracepointOpen:
		return k.noteLink(call())
	case abi.LinkGetFDByID, abi.LinkGetNextID:
		return k.linkByID(c, call)
	case abi.ObjGetInfoByFD:
		return k.linkInfo(c, call)
	}
	return call()
}

// linkInfo puts the link's number in the place of its id, in what the call fills. The id's place holds other bytes for the length of the call, so that
// it can be told what the call wrote there, which may be a name as well; where that is in attr, whether the call succeeded tells.
func (k *Sim) linkInfo(c program.Call, call func() Outcome) Outcome {
	l := k.linkOf(int32(k.arena.Field(c, abi.InfoBPFFD, 4)))
	at, size := k.arena.Field(c, abi.InfoPtr, 8)+abi.LinkInfoID, k.arena.Field(c, abi.InfoLen, 4)
	if l == nil || size <= abi.LinkInfoID {
		return call()
	}
	f := idField(abi.LinkInfoID, l.ID(), k.links.ours[l.ID()])
	inAttr := at < c.Attr+uint64(c.Size) && c.Attr < at+4
	field := k.arena.Span(at, int(min(size-abi.LinkInfoID, 4)), program.ToPoke)
	given := slices.Clone(field)
	for i := range field {
		if !inAttr {
			field[i] = ^f.real[i]
		}
	}
	out := call()
	for i := range field {
		switch {
		case field[i] == f.real[i] && (!inAttr || out.Errno == abi.OK):
			field[i] = f.ours[i]
		case !inAttr && field[i] == ^f.real[i]:
			field[i] = given[i]
		}
	}
	return out
}

// noteLink gives a link its number that was made.
func (k *Sim) noteLink(out Outcome) Outcome {
	if out.Errno == abi.OK {
		k.links.add(k.linkOf(out.Ret).ID())
	}
	return out
}

// besideLink makes a call that may name a link by its id, at an offset of attr, as flags at another one tell.
func (k *Sim) besideLink(c program.Call, flags, relative int, call func() Outcome) Outcome {
	const named = relativeID | relativeLink
	field := k.arena.Span(c.Attr+uint64(relative), 4, program.ToPoke)
	if k.arena.Field(c, flags, 4)&named == named && len(field) == 4 && int(c.Size) >= relative+4 {
		defer program.PutWord(field, program.Word(field))
		program.PutWord(field, uint64(k.links.toReal(uint32(program.Word(field)))))
	}
	return call()
}

// queryLinks puts numbers in the place of the ids of links in a list.
func (k *Sim) queryLinks(c program.Call, call func() Outcome) Outcome {
	at, list, room := abi.AttachType(k.arena.Field(c, 4, 4)), k.arena.Field(c, queryLinksAt, 8), k.arena.Field(c, queryCountAt, 4)
	ids := k.arena.Field(c, queryProgsAt, 8)
	out := call()
	told := k.arena.Field(c, queryCountAt, 4)
	if out.Errno != abi.OK && out.Errno != abi.ENOSPC || list == 0 || ids == 0 || at != abi.AttachTCXIngress && at != abi.AttachTCXEgress {
		return out
	}
	for i := range min(room, told) {
		if b := k.arena.Span(list+4*i, 4, program.ToWrite); len(b) == 4 {
			program.PutWord(b, uint64(k.links.ours[uint32(program.Word(b))]))
		}
	}
	return out
}

// linkByID makes a call in which an id stands for the length of the call.
func (k *Sim) linkByID(c program.Call, call func() Outcome) Outcome {
	if field := k.arena.Span(c.Attr, 4, program.ToPoke); len(field) == 4 && c.Size >= 4 {
		id := uint32(program.Word(field))
		defer program.PutWord(field, uint64(id))
		if real := k.links.real; id > 0 && int(id) <= len(real) {
			program.PutWord(field, uint64(real[id-1]))
		} else if n := len(real); n > 0 && id <= real[n-1] && id > 0 {
			program.PutWord(field, uint64(real[n-1]+1))
		}
	}
	out := call()
	if next := k.arena.Span(c.Attr+abi.IDNext, 4, program.ToWrite); c.Cmd == abi.LinkGetNextID && out.Errno == abi.OK {
		program.PutWord(next, uint64(k.links.ours[uint32(program.Word(next))]))
	}
	return out
}

// linkOf is the link behind an fd, nil for none.
func (k *Sim) linkOf(fd int32) *bpfsys.Link {
	file, _ := k.files.Get(fd)
	if file == nil {
		return nil
	}
	l, _ := file.Object().(*bpfsys.Link)
	return l
}
