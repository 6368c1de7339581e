package maps

import "github.com/bpfsim/bpfsim/abi"

// layout is what an element takes in a page, in bytes: a cell, and a tag or none. A tag is some bits of the element's
// hash, so that few cells, and what they refer to, are read in vain; small cells do without.
type layout struct{ cell, tag int }

// slots is the layout of cells that hold a slot's number.
var slots = layout{cell: 4, tag: 1}

// Sizes of records, in bytes.
const (
	// packedMost is the largest record that cells hold themselves: moving larger ones about costs more than the order
	// in memory saves, and the room that a page has left over would be dear.
	packedMost = 80
	// untaggedMost is the largest one that needs no tag beside it: it is as quickly compared itself.
	untaggedMost = 24
)

// layoutOf is the layout for a new map, and whether its elements are packed. An element of an LRU map has a slot, by
// which the lists know it.
func layoutOf(spec Spec) (l layout, packed bool) {
	record := uint64(spec.KeySize) + uint64(spec.ValueSize)
	switch {
	case spec.Type != abi.Hash || record > packedMost:
		return slots, false
	case record > untaggedMost:
		return layout{cell: int(record), tag: 1}, true
	}
	return layout{cell: int(record)}, true
}

// bytes is what an element takes.
func (l layout) bytes() int { return l.cell + l.tag }
