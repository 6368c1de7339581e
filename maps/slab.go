package maps

import (
	"math/bits"
	"sync"
)

// slot numbers an element of a hash map. Elements link to each other by slot, so that no memory of theirs holds a
// pointer and the garbage collector never scans it.
type slot uint32

// none ends a chain. Slot 0 is never an element.
const none slot = 0

// slab is memory for records of equal size that come in order and never move: chunks that double, so that it costs
// what is in it and finding a record is two shifts. A record may be read without holding anything that guards grow:
// a chunk is in place before the first of its numbers is handed out.
type slab[T any] struct {
	width  int // of one record, in Ts
	shift  int // the first chunk holds 1<<shift records
	limit  int // records that can ever come
	chunks [33][]T
}

// newSlab makes room for limit records of width Ts; chunk is the size, in Ts, that the first chunk aims at.
func newSlab[T any](width, limit, chunk int) slab[T] {
	return slab[T]{width: width, limit: limit, shift: bits.Len(uint(chunk / width))}
}

// place is the chunk that holds record n, and n's place in it.
func (s *slab[T]) place(n uint32) (chunk int, at int) {
	chunk = bits.Len32(n >> s.shift)
	if chunk == 0 {
		return 0, int(n)
	}
	return chunk, int(n) - 1<<(s.shift+chunk-1)
}

// at is record n, which must have been grown.
func (s *slab[T]) at(n uint32) []T {
	chunk, at := s.place(n)
	at *= s.width
	return s.chunks[chunk][at : at+s.width : at+s.width]
}

// grow makes record n usable.
func (s *slab[T]) grow(n uint32) {
	chunk, at := s.place(n)
	if s.chunks[chunk] != nil {
		return
	}
	size := 1 << (s.shift + max(chunk-1, 0))
	s.chunks[chunk] = make([]T, s.width*min(size, s.limit-int(n)+at))
}

// arena hands out the slots of a map for the first time, in order, and holds what is stored in each.
type arena struct {
	mu      sync.Mutex
	next    slot // the first that was never handed out
	first   slot
	records slab[byte]
	nodes   slab[node] // LRU types only
}

// fresh hands out a slot that was never used.
func (a *arena) fresh() slot {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.next
	a.next++
	a.records.grow(uint32(s - a.first))
	if a.nodes.width != 0 {
		a.nodes.grow(uint32(s))
	}
	return s
}

// record is the stored bytes of slot s.
func (a *arena) record(s slot) []byte { return a.records.at(uint32(s - a.first)) }

// node is the LRU state of slot s.
func (a *arena) node(s slot) *node {
	chunk, at := a.nodes.place(uint32(s))
	return &a.nodes.chunks[chunk][at]
}
