package model

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// u32 is the number that starts b.
func u32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// possibleID reports whether o, whose id is not known, may have that one. Ids are given out in order (idr_alloc_cyclic in
// bpf_map_alloc_id): an older live map has a lower one.
func (s *State) possibleID(o *object, id uint32) bool {
	if id == 0 || o.id != 0 {
		return false
	}
	for _, other := range s.objects {
		known := other.id != 0 && o.class() == other.class()
		if known && (other.id == id || (other.id < id) != (other.serial < o.serial)) {
			return false
		}
	}
	return true
}

// branches is s once for each map that the id in this call may belong to, if that is not known; it may also belong to none. Or it is s once
// for each set of elements that the call may remove, where nothing tells.
func (x *run) branches(s *State) (all []*State) {
	if x.call.Cmd == abi.MapLookupAndDeleteBatch {
		return x.losses(s)
	}
	in, id := x.asked(s)
	if id == 0 || s.byID(id, in) != nil {
		return nil
	}
	for _, o := range s.objects {
		if o.class() == in && s.possibleID(o, id) {
			all = append(all, s.with(o, id))
		}
	}
	return all
}

// with is s where o has that id.
func (s *State) with(o *object, id uint32) *State {
	own, known := s.fork(), *o
	known.id, known.owner = id, nil // its elements are not its own
	own.objects, own.listed = slices.Clone(s.objects), own.owner
	own.objects[s.position(o.serial)] = &known
	return own
}

// asked is the id that the call is about, 0 for none, and of which class it is.
func (x *run) asked(s *State) (in class, id uint32) {
	if about, ok := idCommands[x.call.Cmd]; ok {
		return about.class, x.on(s).id()
	}
	flags, relative := attachFlagsAt, attachRelative
	if x.call.Cmd == abi.LinkCreate {
		flags, relative = abi.LinkCreateFlags, abi.LinkRelative
	} else if x.call.Cmd != abi.ProgAttach && x.call.Cmd != abi.ProgDetach {
		return 0, 0
	}
	if x.on(s).copyAttr() != abi.OK || x.u32(flags)&byID == 0 {
		return 0, 0
	}
	if x.u32(flags)&byLink != 0 {
		return ofLinks, x.u32(relative)
	}
	return ofProgs, x.u32(relative)
}

// idCommand is a command about the ids of a class: it opens one, or asks for the next.
type idCommand struct {
	class class
	opens bool
}

var idCommands = map[abi.Cmd]idCommand{
	abi.MapGetFDByID: {ofMaps, true}, abi.MapGetNextID: {ofMaps, false},
	abi.BTFGetFDByID: {ofBTF, true}, abi.BTFGetNextID: {ofBTF, false},
	abi.ProgGetFDByID: {ofProgs, true}, abi.ProgGetNextID: {ofProgs, false},
	abi.LinkGetFDByID: {ofLinks, true}, abi.LinkGetNextID: {ofLinks, false},
}

// id is the id that a call of the id commands is about: the one given, or the one that it answered.
func (x *run) id() uint32 {
	switch opens := idCommands[x.call.Cmd].opens; {
	case opens && x.copyAttr() == abi.OK:
		return x.u32(abi.IDStart)
	case !opens && x.seen.Errno == abi.OK && !x.state.config.Shared: // else it may well be somebody else's
		return u32(x.after(x.call.Attr+abi.IDNext, 4))
	}
	return 0
}

// byID is the live object with that id, nil when it is not known.
func (s *State) byID(id uint32, in class) *object {
	for _, o := range s.objects {
		if o.id == id && o.class() == in {
			return o
		}
	}
	return nil
}

// nextID is MAP_GET_NEXT_ID and its like: the lowest id above start_id (bpf_obj_get_next_id in kernel/bpf/syscall.c).
func (x *run) nextID() abi.Errno {
	start, in := x.u32(abi.IDStart), idCommands[x.call.Cmd].class
	switch {
	case start >= math.MaxInt32:
		return abi.EINVAL
	case !x.state.config.SysAdmin:
		return abi.EPERM
	}
	at := x.call.Attr + abi.IDNext
	if x.seen.Errno == abi.EFAULT && !x.user.writable(at, 4) && x.state.mayFollow(start, in) {
		return abi.EFAULT
	}
	saw := uint32(0)
	if x.seen.Errno == abi.OK {
		saw = u32(x.after(at, 4))
	}
	expected := x.state.mustFollow(start, saw, in)
	if expected == 0 {
		return abi.ENOENT
	}
	if !x.user.put(at, expected) {
		return abi.EFAULT
	}
	return abi.OK
}

// mayFollow reports whether an object with an id above start may exist.
func (s *State) mayFollow(start uint32, in class) bool {
	return s.config.Shared || slices.ContainsFunc(s.objects, func(o *object) bool {
		return o.class() == in && (o.id == 0 || o.id > start)
	})
}

// mustFollow is the lowest id above start, 0 when there may be none. saw is the id that the kernel gave, 0 for none: on
// a shared machine it may be somebody else's.
func (s *State) mustFollow(start, saw uint32, in class) uint32 {
	if s.config.Shared && saw > start && s.byID(saw, in) == nil && !s.between(start, saw, in) {
		return saw
	}
	below, unknown := uint32(0), uint32(0)
	for _, o := range s.objects {
		switch {
		case o.class() != in:
		case o.id == 0:
			unknown++ // it may hide at or below start, if there is room
		case o.id <= start:
			below, unknown = o.id, 0
		case unknown > start-below: // a map that nobody has seen yet must come before o
			return math.MaxUint32
		default:
			return o.id
		}
	}
	if unknown > start-below {
		return math.MaxUint32
	}
	return 0
}

// between reports whether an id that is known lies between start and end.
func (s *State) between(start, end uint32, in class) bool {
	return slices.ContainsFunc(s.objects, func(o *object) bool { return o.class() == in && o.id > start && o.id < end })
}

// fdByID is MAP_GET_FD_BY_ID.
func (x *run) fdByID() (int32, abi.Errno) {
	flags := x.u32(abi.IDOpenFlags)
	switch {
	case flags&^fdFlags != 0:
		return 0, abi.EINVAL
	case !x.state.config.SysAdmin:
		return 0, abi.EPERM
	case flags == fdFlags:
		return 0, abi.EINVAL
	}
	o := x.state.byID(x.u32(abi.IDStart), ofMaps)
	switch {
	case x.u32(abi.IDStart) == 0:
		return 0, abi.ENOENT
	case o == nil && x.state.config.Shared && x.seen.Errno == abi.OK:
		x.loose = true // somebody else's map
		return x.unspecified(abi.OK)
	case o == nil:
		return 0, abi.ENOENT
	}
	return x.newFD(o.serial, accessOf(flags))
}

// progFDByID is PROG_GET_FD_BY_ID.
func (x *run) progFDByID() (int32, abi.Errno) {
	if !x.state.config.SysAdmin {
		return 0, abi.EPERM
	}
	o := x.state.byID(x.u32(abi.IDStart), ofProgs)
	if x.u32(abi.IDStart) == 0 || o == nil {
		return 0, abi.ENOENT
	}
	return x.newFD(o.serial, access{true, true})
}
