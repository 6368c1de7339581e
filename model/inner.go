package model

import (
	"maps"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// The maps in maps (kernel/bpf/map_in_map.c). A table of one has for values the serial numbers of its inner maps. User
// space gives their fds and is given their ids.

// outer is a table whose values are serial numbers.
type outer interface {
	// inner is the serial numbers of all that it holds.
	inner() []int
}

// slots is an ARRAY_OF_MAPS map (kernel/bpf/arraymap.c).
type slots struct {
	max   uint32
	holds map[uint32][]byte
}

func newSlots(s spec, _ int) table { return &slots{s.maxEntries, map[uint32][]byte{}} }

func (t *slots) clone() table { return &slots{t.max, maps.Clone(t.holds)} }

func (t *slots) lookup(key []byte) ([]byte, abi.Errno) {
	if v, filled := t.holds[u32(key)]; filled {
		return v, abi.OK
	}
	return nil, abi.ENOENT
}

// admit is what an update looks at before the inner map's fd (measured on 6.18).
func (t *slots) admit(key []byte, flags uint64) abi.Errno {
	switch {
	case flags != abi.Any:
		return abi.EINVAL
	case u32(key) >= t.max:
		return abi.E2BIG
	}
	return abi.OK
}

func (t *slots) update(_ int, key, value []byte, _ uint64) abi.Errno {
	t.holds[u32(key)] = value
	return abi.OK
}

func (t *slots) delete(_ int, key []byte) abi.Errno {
	if u32(key) >= t.max {
		return abi.E2BIG
	}
	_, errno := t.lookup(key)
	delete(t.holds, u32(key))
	return errno
}

// next counts like an array, past empty slots too (measured on 6.18).
func (t *slots) next(key, saw []byte) ([]byte, abi.Errno) { return (&array{max: t.max}).next(key, saw) }

func (t *slots) inner() (serials []int) {
	for _, v := range t.holds {
		serials = append(serials, int(u32(v)))
	}
	return serials
}

func (h *hash) inner() (serials []int) {
	if !h.ofMaps {
		return nil
	}
	for _, b := range h.buckets {
		for _, e := range b.elements {
			serials = append(serials, int(u32(e.value)))
		}
	}
	return serials
}

// newHashOfMaps is a HASH_OF_MAPS, which replaces a value in place where its key does not move.
func newHashOfMaps(s spec, cpus int) table {
	h := newHash(s, cpus).(*hash)
	h.ofMaps, h.inPlace = true, !s.innerMoves
	return h
}

// checkArrayOfMaps is fd_array_map_alloc_check in kernel/bpf/arraymap.c.
func (s *spec) checkArrayOfMaps(bool) abi.Errno {
	if s.valueSize != 4 || s.flags&(progFlags|abi.FlagMmapable|abi.FlagInnerMap) != 0 {
		return abi.EINVAL
	}
	return s.checkArray(false)
}

// checkHashOfMaps looks at the size of values first (fd_htab_map_alloc_check in kernel/bpf/hashtab.c).
func (s *spec) checkHashOfMaps(sysAdmin bool) abi.Errno {
	if s.valueSize != 4 {
		return abi.EINVAL
	}
	return s.checkHashMap(sysAdmin)
}

// checkInner takes the shape of the map that inner_map_fd names (bpf_map_meta_alloc).
func (x *run) checkInner(s *spec) abi.Errno {
	if !s.outer() {
		return abi.OK
	}
	o, _, errno := x.open(abi.CreateInnerMapFD)
	if errno != abi.OK {
		return errno
	}
	switch x.loose = o.table == nil; { // of a map whose elements are not known the shape may be
	case x.loose:
		return abi.OK
	case o.outer(): // no maps in maps in maps
		return abi.EINVAL
	case o.exclusive, o.kind == abi.ProgArray, o.kind == abi.CgroupStorage, o.kind == abi.PerCPUCgroupStorage: // bpf_map_meta_alloc
		return abi.ENOTSUPP
	}
	s.inner = &o.spec
	return abi.OK
}

// outer reports whether the map holds maps.
func (s *spec) outer() bool { return s.kind == abi.ArrayOfMaps || s.kind == abi.HashOfMaps }

// like reports whether a map of that shape may stand in for one of the other (bpf_map_meta_equal; measured).
func (s *spec) like(other *spec) bool {
	if s.kind == abi.Array && s.flags&abi.FlagInnerMap == 0 && s.maxEntries != other.maxEntries {
		return false
	}
	return s.kind == other.kind && s.keySize == other.keySize && s.valueSize == other.valueSize && s.flags == other.flags &&
		slices.Equal(s.typed.fields, other.typed.fields)
}

// innerValue is the value that is kept for an fd, after what an update looks at before it.
func (x *run) innerValue(o *object, t table, key, value []byte, flags uint64) ([]byte, abi.Errno) {
	if s, ok := t.(*slots); ok {
		if errno := s.admit(key, flags); errno != abi.OK {
			return nil, errno
		}
	}
	f, open := x.state.files.get(int32(u32(value)))
	switch {
	case !open:
		return nil, abi.EBADF
	case f.serial == 0 || !x.state.object(f.serial).isMap():
		return nil, abi.EINVAL
	}
	inner := x.state.object(f.serial)
	switch {
	case inner.table == nil: // not even its shape is known
		x.loose, x.state.edit(o.serial).lost = true, true
	case inner.exclusive:
		return nil, abi.ENOTSUPP
	case !o.spec.inner.like(&inner.spec):
		return nil, abi.EINVAL
	}
	return le32(uint32(f.serial)), abi.OK
}

// shown is a value as user space sees it at an address: a map or program in it is an id, which may be learned.
func (x *run) shown(o *object, value []byte, addr uint64) []byte {
	if !o.keeps() || value == nil {
		return value
	}
	at := len(value) - 4
	serial := int(u32(value[at:]))
	if serial == 0 || at == 0 && o.ofDevices() {
		return value
	}
	inner := x.state.object(serial)
	id := inner.id
	if id == 0 {
		if !x.tellsIDs(o) { // no telling which id this was
			x.loose = true
			return value
		}
		if id = u32(x.after(addr+uint64(at), 4)); !x.state.possibleID(inner, id) {
			id = ^id
		} else {
			x.state.edit(serial).id = id
		}
	}
	return append(slices.Clone(value[:at]), le32(id)...)
}

// keeps reports whether values of the map may refer to maps or programs: their last 4 bytes do.
func (o *object) keeps() bool {
	return o.outer() || o.ofDevices() || o.kind == abi.ProgArray
}

// ofDevices reports whether values of the map are devices or CPUs, which may have a program.
func (o *object) ofDevices() bool {
	return o.kind == abi.DevMap || o.kind == abi.DevMapHash || o.kind == abi.CPUMap
}

// tellsIDs reports whether memory afterwards tells the ids that a call wrote.
func (x *run) tellsIDs(o *object) bool {
	switch {
	case x.call.Cmd == abi.MapLookupElem: // another errno than EFAULT is wrong whatever the id is
		return x.seen.Errno != abi.EFAULT
	case x.seen.Errno != abi.OK && x.seen.Errno != abi.ENOENT:
		return false
	case x.call.Cmd == abi.MapLookupBatch || x.call.Cmd == abi.MapLookupAndDeleteBatch:
		return x.apart(x.outputs(o, min(x.u32(abi.BatchCount), o.maxEntries)))
	}
	return false
}

// shownAll is elements as user space sees them, whose values are at the addresses that at gives.
func (x *run) shownAll(o *object, elements []element, at func(i int) uint64) []element {
	if !o.outer() {
		return elements
	}
	shown := slices.Clone(elements)
	for i := range shown {
		shown[i].value = x.shown(o, shown[i].value, at(i))
	}
	return shown
}

// shownRecords is shownAll for records of a dump, packed from an address on.
func (x *run) shownRecords(o *object, elements []element, addr uint64) []element {
	size := uint64(o.keySize) + uint64(o.valueSize)
	return x.shownAll(o, elements, func(i int) uint64 { return addr + uint64(i)*size + uint64(o.keySize) })
}

// release frees the maps that nothing holds any more. Only for a state that nobody else has yet.
func (s *State) release() {
	for freed := true; freed; {
		freed = false
		for _, o := range s.objects {
			if !s.holds(o.serial) {
				if o.link.is {
					s.unseat(o)
				}
				s.objects = slices.DeleteFunc(slices.Clone(s.objects), func(other *object) bool { return other == o })
				s.listed, freed = s.owner, true
				break
			}
		}
	}
}

// inside reports whether an object holds the one with that serial number: in it, or by itself.
func (s *State) inside(serial int) bool {
	return slices.ContainsFunc(s.objects, func(o *object) bool {
		t, ok := o.table.(outer)
		return ok && slices.Contains(t.inner(), serial) || slices.Contains(o.names(), serial)
	})
}
