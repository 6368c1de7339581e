package maps

import (
	"math/bits"
	"sync"
)

// bitmap is the set of buckets that hold an element, in order: a bit a bucket, and above it a bit for each word that
// is not zero, and so on up to one word. A walk of a nearly empty map of 2^27 buckets takes a few steps.
type bitmap struct {
	mu     sync.Mutex // guards changes; readers take nothing
	levels []words
	sizes  []uint64 // bits in each level
}

// newBitmap makes an empty set of numbers below n.
func newBitmap(n uint32) *bitmap {
	m := new(bitmap)
	for size := uint64(n); ; size = (size + 63) / 64 {
		m.levels = append(m.levels, newWords((size+63)/64))
		m.sizes = append(m.sizes, size)
		if size <= 64 {
			return m
		}
	}
}

// add puts b into the set. The lowest level is written first: a reader that sees no bit above it misses an element
// that is still being added, which is what a walk may do.
func (m *bitmap) add(b uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := uint64(b)
	for i := range m.levels {
		before := m.levels[i].touch(at / 64).Or(1 << (at % 64))
		if before != 0 {
			return
		}
		at /= 64
	}
}

// remove takes b out of the set.
func (m *bitmap) remove(b uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := uint64(b)
	for i := range m.levels {
		bit := uint64(1) << (at % 64)
		if m.levels[i].touch(at/64).And(^bit) != bit {
			return
		}
		at /= 64
	}
}

// next is the smallest member that is at least from, or the number of possible members when there is none.
func (m *bitmap) next(from uint32) uint32 {
	level, at := 0, uint64(from)
	for level < len(m.levels) {
		rest := uint64(0)
		if at < m.sizes[level] {
			rest = m.levels[level].load(at/64) >> (at % 64)
		}
		switch {
		case rest == 0: // nothing left in this word: look for the next one that is not zero
			level, at = level+1, at/64+1
		case level == 0:
			return uint32(at) + uint32(bits.TrailingZeros64(rest))
		default: // that word may have become zero since; then the search goes on from there
			level, at = level-1, (at+uint64(bits.TrailingZeros64(rest)))*64
		}
	}
	return uint32(m.sizes[0])
}
