package maps

import (
	"encoding/binary"
	"math/bits"
)

// trieTop leads ways past the upper part of a trie, where most of the nodes that they come to are: by the first bits of
// the data, as many as make about as many cells as there are elements.
type trieTop struct {
	bits  uint32
	cells []topCell
}

// topCell is how far the cell's bits lead keys that begin with them.
type topCell struct {
	on    slot // the first node at which they end, or part, or behind which there is none: the way goes on there
	above slot // the last element above that, or that itself
}

const (
	// topBits bounds the bits that number a cell, as one insertion of a short prefix may write all cells.
	topBits = 16
	// topLeast is the number of elements from which on a trie has a top.
	topLeast = 64
)

// number is the cell for data.
func (x *trieTop) number(data []byte) uint32 {
	return uint32(binary.BigEndian.Uint16(data)) >> ((topBits - x.bits) % 32)
}

// begin is where the way to key begins, and the last element above.
func (x *trie) begin(key trieKey) (s, above slot) {
	if x.top.cells == nil || key.prefix < x.top.bits {
		return x.root, none
	}
	cell := x.top.cells[x.top.number(key.data)]
	return cell.on, cell.above
}

// changed follows a change at a place, to which data leads.
func (x *trie) changed(p place, data []byte) {
	if x.growTop() || x.top.cells == nil {
		return
	}
	from, to := uint32(0), uint32(len(x.top.cells))
	if p.parent != none {
		prefix := x.nodes.at(p.parent).prefix()
		if prefix >= x.top.bits {
			return
		}
		from, to = x.top.under(data, prefix+1)
	}
	x.fillTop(from, to, p.parent, x.hanging(p), x.elementAt(p.parent, data))
}

// elementAt is the last element at s or above, to which data leads. The cell knows it unless it is that element that has
// changed, or one further down.
func (x *trie) elementAt(s slot, data []byte) slot {
	known := x.top.cells[x.top.number(data)].above
	if known == none {
		return none
	}
	if n := x.nodes.at(known); s != none && n.element() && n.prefix() <= x.nodes.at(s).prefix() {
		return known
	}
	for s != none && !x.nodes.at(s).element() {
		s = x.nodes.at(s).parent()
	}
	return s
}

// under is the range of cells whose bits begin with so many bits of data.
func (x *trieTop) under(data []byte, prefix uint32) (from, to uint32) {
	size := uint32(1) << (x.bits - prefix)
	from = x.number(data) &^ (size - 1)
	return from, from + size
}

// fillTop fills the cells from one to another, which lead to s below its parent.
func (x *trie) fillTop(from, to uint32, parent, s, above slot) {
	if s == none {
		x.top.fill(from, to, topCell{parent, above})
		return
	}
	n := x.nodes.at(s)
	if n.prefix() >= x.top.bits {
		x.top.fill(from, to, topCell{s, above})
		return
	}
	first, last := x.top.under(x.data(n), n.prefix())
	x.top.fill(from, first, topCell{s, above})
	x.top.fill(last, to, topCell{s, above})
	if n.element() {
		above = s
	}
	middle := (first + last) / 2
	x.fillTop(first, middle, s, n.child(0), above)
	x.fillTop(middle, last, s, n.child(1), above)
}

func (x *trieTop) fill(from, to uint32, cell topCell) {
	cells := x.cells[from:to]
	for i := range cells {
		cells[i] = cell
	}
}

// growTop makes a larger top when there are too many elements for it. Like nodes, cells stay when elements go.
func (x *trie) growTop() bool {
	elements := x.elements.Load()
	if x.watched || x.most < topBits || x.top.bits == topBits || elements < max(topLeast, uint32(len(x.top.cells))) {
		return false
	}
	x.top.bits = min(uint32(bits.Len32(elements)), topBits)
	x.top.cells = make([]topCell, 1<<x.top.bits)
	x.fillTop(0, uint32(len(x.top.cells)), none, x.root, none)
	return true
}
