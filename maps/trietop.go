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

// topCell is what a way to keys that begin with the cell's bits finds, and that are no shorter.
type topCell struct {
	on    slot // the first node with a prefix at least as long as the bits, where the way goes on
	above slot // the last element above that
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

// changed follows a change at a place, of nodes that begin with so many bits of data.
func (x *trie) changed(p place, prefix uint32, data []byte) {
	if x.growTop() || x.top.cells == nil || p.parent != none && x.nodes.at(p.parent).prefix() >= x.top.bits {
		return
	}
	above := p.parent
	for above != none && !x.nodes.at(above).element() {
		above = x.nodes.at(above).parent()
	}
	from, to := x.top.under(data, min(prefix, x.top.bits))
	x.fillTop(from, to, x.hanging(p), above)
}

// under is the range of cells whose bits begin with so many bits of data.
func (x *trieTop) under(data []byte, prefix uint32) (from, to uint32) {
	size := uint32(1) << (x.bits - prefix)
	from = x.number(data) &^ (size - 1)
	return from, from + size
}

// fillTop fills the cells from one to another, which s and what is below it are all that there is for.
func (x *trie) fillTop(from, to uint32, s, above slot) {
	if s == none {
		x.top.fill(from, to, topCell{none, above})
		return
	}
	n := x.nodes.at(s)
	first, last := x.top.under(x.data(n), min(n.prefix(), x.top.bits))
	x.top.fill(from, first, topCell{none, above})
	x.top.fill(last, to, topCell{none, above})
	if n.prefix() >= x.top.bits {
		x.top.cells[first] = topCell{s, above}
		return
	}
	if n.element() {
		above = s
	}
	middle := (first + last) / 2
	x.fillTop(first, middle, n.child(0), above)
	x.fillTop(middle, last, n.child(1), above)
}

func (x *trieTop) fill(from, to uint32, cell topCell) {
	for i := range x.cells[from:to] {
		x.cells[from:to][i] = cell
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
	x.fillTop(0, uint32(len(x.top.cells)), x.root, none)
	return true
}
