package replay

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

var errPlace = errors.New("whose answer depends on where files lie")

// object gives a pin a name of the program's. What the call finds there was found when it was recorded: so names go, or are there, as the recorded
// answer has it.
func (s *settler) object(c *recording.Call, t *settled, memory *contents, call *program.Call) error {
	attr := program.Attr{Bytes: call.Contents}
	if flags := attr.Field(abi.ObjFileFlags, 4); flags&uint64(abi.FlagPathFD) != 0 {
		attr.Set(abi.ObjFileFlags, 4, flags&^uint64(abi.FlagPathFD))
		attr.Set(abi.ObjPathFD, 4, 0)
	}
	answer, asked := answerTo(c, "pin")
	get := c.Cmd == abi.ObjGet
	if get {
		answer, asked = answerTo(c, "get")
	}
	if !asked { // refused before anybody looked
		return nil
	}
	recorded := s.text(c)
	path, err := s.path(recorded, answer, get, t)
	if err != nil {
		return err
	}
	if !get && answer == abi.OK.String() {
		name, _ := answerTo(c, recording.Question("fd", int32(program.Attr{Bytes: c.Contents}.Field(abi.ObjBPFFD, 4))))
		s.pins[recorded] = pinned{path, objectName(name)}
	}
	at, ok := t.places.find(program.Attr{Bytes: c.Contents}.Field(abi.ObjPathname, 8))
	b := memory.at(at, len(recorded)+1)
	if !ok || b == nil {
		return errPlace
	}
	if len(path) > len(recorded) { // another piece of memory, behind all others
		piece := place{from: 1<<63 + t.places.low, size: len(path) + 1}
		if err := t.places.put(piece); err != nil {
			return err
		}
		to := t.places.all[len(t.places.all)-1].to
		memory.pieces = append(memory.pieces, program.Write{Addr: to, Bytes: append([]byte(path), 0)})
		attr.Set(abi.ObjPathname, 8, to)
		return nil
	}
	copy(b, append([]byte(path), 0))
	return nil
}

// text is the path that a call reads.
func (s *settler) text(c *recording.Call) string {
	at := program.Attr{Bytes: c.Contents}.Field(abi.ObjPathname, 8)
	text, _, _ := bytes.Cut(inputAt(c, at), []byte{0})
	return string(text)
}

// path is a program's name for a recorded one.
func (s *settler) path(recorded, answer string, get bool, t *settled) (string, error) {
	known, there := s.pins[recorded]
	switch {
	case !get && answer == abi.OK.String():
		if there {
			t.before = append(t.before, program.Step{Action: program.Unlink{Path: known.path}})
		}
		s.named++
		return fmt.Sprintf("%s/%d", program.BPFFS, s.named), nil
	case !get && answer == abi.EEXIST.String() && there:
		return known.path, nil
	case answer == abi.ENOENT.String():
		if there && get {
			t.before = append(t.before, program.Step{Action: program.Unlink{Path: known.path}})
			delete(s.pins, recorded)
		}
		if !get { // its directory is not there
			return program.BPFFS + "/none/x", nil
		}
		return program.BPFFS + "/none", nil
	case get && there && known.object == answer:
		return known.path, nil
	case get:
		for _, p := range s.pins { // it was moved, or is meant by another path
			if p.object == answer {
				return p.path, nil
			}
		}
	}
	return "", errPlace
}
