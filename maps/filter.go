package maps

import (
	"math"
	"math/bits"

	"github.com/bpfsim/bpfsim/abi"
)

// filter is BLOOM_FILTER (bloom_filter.c): a value sets as many bits as there are hash functions, and is taken for one
// of the set when all its bits are set. Bits are set and tested without a lock, one at a time.
type filter struct {
	spec   Spec
	seed   uint32
	hashes uint32
	mask   uint32 // bits - 1
	words  words
}

// usualHashes is the number of hash functions where map_extra is 0.
const usualHashes = 5

func newFilter(spec Spec) *filter {
	f := &filter{spec: spec, hashes: filterHashes(spec), mask: uint32(filterBits(spec) - 1)}
	f.words = newWords(filterBits(spec) / 64)
	if spec.Flags&abi.FlagZeroSeed == 0 {
		f.seed = spec.Seed
	}
	return f
}

func filterHashes(spec Spec) uint32 {
	if spec.Extra == 0 {
		return usualHashes
	}
	return uint32(spec.Extra)
}

// filterBits is how many bits give the least false positives for max entries values, max entries * hashes / ln 2, with
// 7/5 for 1/ln 2, as a power of two: at least a word, and all that a hash can name where the number is too large.
func filterBits(spec Spec) uint64 {
	product := uint64(spec.MaxEntries) * uint64(filterHashes(spec))
	n := product / 5 * 7
	switch {
	case product > math.MaxUint32, n > 1<<31:
		return 1 << 32
	case n <= 64:
		return 64
	}
	return 1 << bits.Len64(n-1)
}

func (f *filter) Spec() Spec      { return f.spec }
func (f *filter) ValueBytes() int { return int(f.spec.ValueSize) }

// Memlock is what fdinfo of 6.18 shows.
func (f *filter) Memlock() uint64 { return filterBytes(f.spec) }

// filterBytes is the struct and the bits.
func filterBytes(spec Spec) uint64 { return 312 + filterBits(spec)/8 }

// bit is the one that hash function i sets for value.
func (f *filter) bit(i uint32, value []byte) (word, mask uint64) {
	at := jhash(value, f.seed+i) & f.mask
	return uint64(at / 64), 1 << (at % 64)
}

// Push adds a value to the set, which is never full.
func (f *filter) Push(t *Task, value []byte, flags uint64) abi.Errno {
	if flags != abi.Any {
		return abi.EINVAL
	}
	for i := range f.hashes {
		word, mask := f.bit(i, value)
		t.Step(PointWord)
		if f.words.load(word)&mask == 0 { // else nobody could tell
			f.words.touch(word).Or(mask)
		}
	}
	return abi.OK
}

// Test looks at the bits of a value up to the first that is not set.
func (f *filter) Test(t *Task, value []byte) abi.Errno {
	for i := range f.hashes {
		word, mask := f.bit(i, value)
		t.Step(PointWord)
		if f.words.load(word)&mask == 0 {
			return abi.ENOENT
		}
	}
	return abi.OK
}

const (
	filterFlags     = abi.FlagNUMANode | abi.FlagZeroSeed | access
	mostFilterValue = 4 << 20
	mostHashes      = 15
)

// checkFilter: bloom_map_alloc_check.
func checkFilter(spec Spec, _ bool) abi.Errno {
	if spec.ValueSize > mostFilterValue {
		return abi.E2BIG
	}
	return abi.OK
}

// allocFilter checks the rest of the shape only when the caller may make maps (bloom_map_alloc).
func allocFilter(spec Spec) (Map, abi.Errno) {
	switch {
	case spec.KeySize != 0, spec.ValueSize == 0, spec.MaxEntries == 0, !flagsWithin(spec.Flags, filterFlags),
		spec.Extra > mostHashes:
		return nil, abi.EINVAL
	}
	return sized(filterBytes, newFilter)(spec)
}
