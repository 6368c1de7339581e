package maps

import (
	"encoding/binary"
	"math/bits"
)

// trieNode is the memory of a node: its two children and its parent, by slot, the length of its prefix, the data of its
// key, and its value. It holds no pointer, so that the garbage collector never scans it.
type trieNode []byte

// Where the parts of a node are, in bytes.
const (
	nodeParent = 8
	nodePrefix = 12
	nodeData   = 16
)

// intermediate marks, in the word of the prefix, a node that is no element: it is only where two branches part.
const intermediate = 1 << 31

func (n trieNode) child(bit uint32) slot { return slotIn(n[4*bit:]) }

func (n trieNode) setChild(bit uint32, s slot) { putSlot(n[4*bit:], s) }

func (n trieNode) parent() slot { return slotIn(n[nodeParent:]) }

func (n trieNode) setParent(s slot) { putSlot(n[nodeParent:], s) }

// leaf reports whether the node has no child.
func (n trieNode) leaf() bool { return n.child(0) == none && n.child(1) == none }

// prefix is the number of bits of data that count.
func (n trieNode) prefix() uint32 {
	return binary.LittleEndian.Uint32(n[nodePrefix:]) &^ intermediate
}

// element reports whether the node is an element.
func (n trieNode) element() bool { return n[nodePrefix+3]&(intermediate>>24) == 0 }

// setElement makes the node an element or an intermediate one with that prefix.
func (n trieNode) setElement(prefix uint32, element bool) {
	if !element {
		prefix |= intermediate
	}
	binary.LittleEndian.PutUint32(n[nodePrefix:], prefix)
}

// trieChunk is the size, in bytes, that the pieces of memory for nodes aim at.
const trieChunk = 16 << 10

// trieNodes is the memory of all nodes of a trie. A node never moves.
type trieNodes struct {
	width  int // of a node, in bytes
	shift  int // a chunk holds 1<<shift nodes
	chunks [][]byte
	unused slot // the first that was never handed out
	free   slot // of a chain through the first children
	// account pays for the chunks.
	account *Account
}

func newTrieNodes(width int, account *Account) trieNodes {
	return trieNodes{width: width, shift: max(bits.Len(uint(trieChunk/width))-1, 0), unused: 1, account: account}
}

func (x *trieNodes) at(s slot) trieNode {
	from := int(s&(1<<x.shift-1)) * x.width
	return x.chunks[s>>x.shift][from : from+x.width : from+x.width]
}

// perInsert is the most nodes that one insertion takes.
const perInsert = 2

// grow makes sure that there are nodes for an insertion, or reports that there is no memory.
func (x *trieNodes) grow() bool {
	if x.free != none && x.at(x.free).child(0) != none {
		return true
	}
	for int(x.unused+perInsert-1)>>x.shift >= len(x.chunks) {
		size := x.width << x.shift
		if !x.account.Take(uint64(size)) {
			return false
		}
		x.chunks = append(x.chunks, make([]byte, size))
	}
	return true
}

// take is a node for new contents, behind grow: one that was given back, or fresh memory.
func (x *trieNodes) take() (slot, trieNode) {
	if s := x.free; s != none {
		n := x.at(s)
		x.free = n.child(0)
		n.setChild(0, none)
		return s, n
	}
	s := x.unused
	x.unused++
	return s, x.at(s)
}

// give takes a node back. It is no element any more for those who remember where one was.
func (x *trieNodes) give(s slot) {
	n := x.at(s)
	n.setElement(0, false)
	n.setChild(0, x.free)
	n.setChild(1, none)
	x.free = s
}

// commonBits is the number of bits, at most limit, that a and b begin with both. They are equally long.
func commonBits(a, b []byte, limit uint32) uint32 {
	same := 0
	for ; len(a) >= 8 && same < int(limit); a, b = a[8:], b[8:] {
		if differ := binary.BigEndian.Uint64(a) ^ binary.BigEndian.Uint64(b); differ != 0 {
			return min(limit, uint32(same+bits.LeadingZeros64(differ)))
		}
		same += 64
	}
	if len(a) >= 4 && same < int(limit) {
		if differ := binary.BigEndian.Uint32(a) ^ binary.BigEndian.Uint32(b); differ != 0 {
			return min(limit, uint32(same+bits.LeadingZeros32(differ)))
		}
		same, a, b = same+32, a[4:], b[4:]
	}
	for i := 0; i < len(a) && same < int(limit); i++ {
		if differ := a[i] ^ b[i]; differ != 0 {
			return min(limit, uint32(same+bits.LeadingZeros8(differ)))
		}
		same += 8
	}
	return limit
}

// bitAt is bit i of data, counted from the most significant one of the first byte.
func bitAt(data []byte, i uint32) uint32 { return uint32(data[i/8]>>(7-i%8)) & 1 }
