package model

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// spec is what MAP_CREATE was told, as far as a map remembers it.
type spec struct {
	kind       abi.MapType
	keySize    uint32
	valueSize  uint32
	maxEntries uint32
	flags      uint32
	node       uint32
	extra      uint64 // map_extra
	name       [abi.NameLen]byte
	inner      *spec // that of the first inner map, for maps of maps
	exclusive  bool  // one program alone may use it
	typed      typed
	ofKernel   uint32 // type of the kernel's that values have, 0 for none
	lruTarget  int
	innerMoves bool
}

// object is a map: its shape, what happened to it as a whole, and its elements. One with btf is BTF, one with prog a program, one
// with event a perf event, one that is a link, and none of that.
type object struct {
	spec
	serial int    // position in the order of creation, from 1
	id     uint32 // 0 until it has been seen
	frozen bool
	lost   bool // nothing is known of it any more: every result is legal
	table  table
	btf    *btf
	prog   *prog
	event  *event
	link   link
	iter   iterating
	// programs is what those have in common that it holds, or that use it.
	programs progKind
	// valueBytes is the size of a value as user space sees it.
	valueBytes uint32
	owner      *owner // who may change it, nil for nobody
}

// table is the elements of a map.
type table interface {
	lookup(key []byte) ([]byte, abi.Errno)
	// update may keep key and value.
	update(cpu int, key, value []byte, flags uint64) abi.Errno
	delete(cpu int, key []byte) abi.Errno
	// next is the key behind key, the first one for nil. saw is the key that the kernel gave, nil when it gave none:
	// a table that does not know its order takes it when it can be right.
	next(key, saw []byte) ([]byte, abi.Errno)
	clone() table
}

// class is a kind of objects that have ids of one numbering.
type class uint8

const (
	ofMaps class = iota
	ofBTF
	ofProgs
	ofLinks
	ofEvents // which have no ids
	ofIters  // nor have these
)

func (o *object) class() class {
	switch {
	case o.btf != nil:
		return ofBTF
	case o.prog != nil:
		return ofProgs
	case o.link.is:
		return ofLinks
	case o.event != nil:
		return ofEvents
	case o.iter.is:
		return ofIters
	}
	return ofMaps
}

func (o *object) isMap() bool { return o.class() == ofMaps }

// names are the serials of what the object holds by itself: its types, or what a program loads.
func (o *object) names() []int {
	switch {
	case o.prog != nil && o.prog.types != 0:
		return append(slices.Clip(o.prog.held), o.prog.types)
	case o.prog != nil:
		return o.prog.held
	case o.link.is:
		return []int{o.link.prog, o.link.over, o.link.event}
	case o.iter.is:
		return []int{o.iter.prog, o.iter.over}
	case o.event != nil:
		return []int{o.event.prog}
	}
	return o.spec.holds()
}

// holds is the serial of a map's BTF, and for maps of maps that of the first inner one (bpf_map_meta_alloc in kernel/bpf/map_in_map.c).
func (s *spec) holds() (serials []int) {
	if s.typed.serial != 0 {
		serials = append(serials, s.typed.serial)
	}
	if s.inner != nil {
		serials = append(serials, s.inner.holds()...)
	}
	return serials
}

func (o *object) clone() *object {
	c := *o
	if o.table != nil {
		c.table = o.table.clone()
	}
	return &c
}
