package maps

import (
	"math/bits"
	"sync/atomic"
)

// occupiedWords is the number of words in a page of a bitmap: 4096 buckets.
const occupiedWords = 64

// bitmap is the set of buckets that hold an element, in order: a bit a bucket. Pages come into being with their first
// member, so a walk of a nearly empty map of 2^27 buckets looks at 32,768 pointers and little else. Each operation is
// one atomic step on a word; there are no levels above, whose upkeep cost more than they saved (BenchmarkDeleteInsert).
type bitmap struct {
	size  uint32
	pages []atomic.Pointer[[occupiedWords]atomic.Uint64]
}

// newBitmap makes an empty set of numbers below n.
func newBitmap(n uint32) *bitmap {
	pages := (uint64(n) + 64*occupiedWords - 1) / (64 * occupiedWords)
	return &bitmap{size: n, pages: make([]atomic.Pointer[[occupiedWords]atomic.Uint64], pages)}
}

// word is the word that holds b.
func (m *bitmap) word(b uint32) *atomic.Uint64 {
	return &publish(&m.pages[b/64/occupiedWords])[b/64%occupiedWords]
}

// add puts b into the set.
func (m *bitmap) add(b uint32) { m.word(b).Or(1 << (b % 64)) }

// remove takes b out of the set.
func (m *bitmap) remove(b uint32) { m.word(b).And(^(uint64(1) << (b % 64))) }

// next is the smallest member that is at least from, or the number of possible members when there is none.
func (m *bitmap) next(from uint32) uint32 {
	at, seen := int(from/64), from%64
	for page := at / occupiedWords; page < len(m.pages); page++ {
		if words := m.pages[page].Load(); words != nil {
			for i := at % occupiedWords; i < occupiedWords; i++ {
				if rest := words[i].Load() >> seen; rest != 0 {
					return uint32(page*occupiedWords+i)*64 + seen + uint32(bits.TrailingZeros64(rest))
				}
				seen = 0
			}
		}
		at, seen = 0, 0
	}
	return m.size
}
