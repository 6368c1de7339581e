package maps

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// slot numbers the memory of an element. Elements refer to each other by slot, so that no memory of theirs holds a
// pointer and the garbage collector never scans it.
type slot uint32

// none ends a chain, and is the slot of an element that has none. Slot 0 is never an element.
const none slot = 0

// shelfChunks is the number of chunks in a shelf.
const shelfChunks = 512

// slab is memory for records of equal size that come in order and never move: chunks of equal size on shelves, so that
// it costs what is in it and at most a chunk more. A record may be read without holding anything that guards grow: a
// chunk is in place before the first of its numbers is handed out.
type slab[T any] struct {
	width   int // of one record, in Ts
	shift   int // a chunk holds 1<<shift records
	limit   int // records that can ever come
	shelves [][][]T
}

// newSlab makes room for limit records of width Ts; chunk is the size, in Ts, that a chunk aims at.
func newSlab[T any](width, limit, chunk int) slab[T] {
	return slab[T]{width: width, limit: limit, shift: max(bits.Len(uint(chunk/width))-1, 0)}
}

// chunks is the number of chunks that limit records need.
func (s *slab[T]) chunks() int { return (s.limit + 1<<s.shift - 1) >> s.shift }

// at is record n, which must have been grown.
func (s *slab[T]) at(n uint32) []T {
	number := n >> s.shift
	chunk := s.shelves[number/shelfChunks][number%shelfChunks]
	at := int(n&(1<<s.shift-1)) * s.width
	return chunk[at : at+s.width : at+s.width]
}

// grow makes record n usable.
func (s *slab[T]) grow(n uint32) {
	if s.shelves == nil {
		s.shelves = make([][][]T, s.chunks()/shelfChunks+1)
	}
	number := int(n >> s.shift)
	shelf := &s.shelves[number/shelfChunks]
	if *shelf == nil {
		*shelf = make([][]T, min(shelfChunks, s.chunks()-number))
	}
	chunk := &(*shelf)[number%shelfChunks]
	if *chunk == nil {
		*chunk = make([]T, s.width*min(1<<s.shift, s.limit-number<<s.shift))
	}
}

// Sizes that chunks aim at: in bytes, nodes, numbers.
const (
	bytesChunk = 256 << 10
	nodeChunk  = 1 << 10
	linkChunk  = 16 << 10
)

// arena hands out the slots of a map for the first time, in order, and holds what is stored in each.
type arena struct {
	mu     sync.Mutex
	unused slot // the first that was never handed out
	first  slot
	values slab[byte]
	links  slab[slot] // the next slot in a chain of free ones
	keys   slab[byte] // of elements that do not move
	nodes  slab[node] // LRU types only
}

// init makes the arena an empty one; first is its first slot, and limit how many it may ever hand out.
func (a *arena) init(spec Spec, first slot, limit int) {
	a.first, a.unused = first, first
	a.values = newSlab[byte](valueBytes(spec), limit, bytesChunk)
	a.links = newSlab[slot](1, limit, linkChunk)
}

// keepKeys gives each slot room for a key.
func (a *arena) keepKeys(spec Spec) {
	a.keys = newSlab[byte](int(spec.KeySize), a.values.limit, bytesChunk)
	for s := a.first; s < a.unused; s++ {
		a.keys.grow(uint32(s - a.first))
	}
}

// fresh hands out a slot that was never used.
func (a *arena) fresh() slot {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.unused
	a.unused++
	n := uint32(s - a.first)
	a.values.grow(n)
	a.links.grow(n)
	if a.keys.width != 0 {
		a.keys.grow(n)
	}
	if a.nodes.width != 0 {
		a.nodes.grow(uint32(s))
	}
	return s
}

// key and value are the memory of slot s.
func (a *arena) key(s slot) []byte   { return a.keys.at(uint32(s - a.first)) }
func (a *arena) value(s slot) []byte { return a.values.at(uint32(s - a.first)) }

// fill stores an element in slot s.
func (a *arena) fill(s slot, key, value []byte) {
	put(a.key(s), key)
	put(a.value(s), value)
}

// node is the LRU state of slot s.
func (a *arena) node(s slot) *node { return &a.nodes.at(uint32(s))[0] }

// next is the slot behind s in a chain of free ones; link sets it.
func (a *arena) next(s slot) slot    { return a.links.at(uint32(s - a.first))[0] }
func (a *arena) link(s, behind slot) { a.links.at(uint32(s - a.first))[0] = behind }

func slotIn(b []byte) slot     { return slot(binary.LittleEndian.Uint32(b)) }
func putSlot(b []byte, s slot) { binary.LittleEndian.PutUint32(b, uint32(s)) }
