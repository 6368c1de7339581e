package maps

import (
	"math/bits"
	"sync/atomic"
)

// occupiedWords is the number of words in a part of a bitmap: 1024 bits.
const occupiedWords = 16

// bitmap is the set of pages that hold an element, in order: a bit a page. Parts of it come into being with their first
// member, so a walk of a nearly empty map of 2^27 buckets looks at 4,096 pointers and little else. Each operation is
// one atomic step on a word; there are no levels above, whose upkeep cost more than they saved (BenchmarkDeleteInsert).
type bitmap struct {
	size  uint32
	parts []atomic.Pointer[[occupiedWords]atomic.Uint64]
}

// newBitmap makes an empty set of numbers below n.
func newBitmap(n uint32) *bitmap {
	parts := (uint64(n) + 64*occupiedWords - 1) / (64 * occupiedWords)
	return &bitmap{size: n, parts: make([]atomic.Pointer[[occupiedWords]atomic.Uint64], parts)}
}

// word is the word that holds n.
func (m *bitmap) word(n uint32) *atomic.Uint64 {
	return &publish(&m.parts[n/64/occupiedWords])[n/64%occupiedWords]
}

// add puts n into the set.
func (m *bitmap) add(n uint32) { m.word(n).Or(1 << (n % 64)) }

// remove takes n out of the set.
func (m *bitmap) remove(n uint32) { m.word(n).And(^(uint64(1) << (n % 64))) }

// next is the smallest member that is at least from, or the number of possible members when there is none.
func (m *bitmap) next(from uint32) uint32 {
	at, seen := int(from/64), from%64
	for part := at / occupiedWords; part < len(m.parts); part++ {
		if words := m.parts[part].Load(); words != nil {
			for i := at % occupiedWords; i < occupiedWords; i++ {
				if rest := words[i].Load() >> seen; rest != 0 {
					return uint32(part*occupiedWords+i)*64 + seen + uint32(bits.TrailingZeros64(rest))
				}
				seen = 0
			}
		}
		at, seen = 0, 0
	}
	return m.size
}
