package model

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
)

// bloom is a BLOOM_FILTER map (kernel/bpf/bloom_filter.c): a set that may say of a value that is not in it that it is.
type bloom struct {
	hashes uint32
	nbits  uint64
	known  bool            // the seed is known: 0
	bits   map[uint32]bool // those that are set, where the seed is known
	// Where it is not: what was pushed, and of other values, what the answer was. Nothing ever leaves the set, so
	// one that was in it once stays, and one that was not was not until the last push.
	in, out map[string]bool
}

func newBloom(s spec, _ int) table {
	return &bloom{
		hashes: s.hashes(), nbits: s.bloomBits(), known: s.flags&abi.FlagZeroSeed != 0,
		bits: map[uint32]bool{}, in: map[string]bool{}, out: map[string]bool{},
	}
}

// hashes is the number of hash functions: map_extra, or 5.
func (s *spec) hashes() uint32 {
	if s.extra == 0 {
		return 5
	}
	return uint32(s.extra)
}

// bloomBits is max_entries * hashes, divided by 5 first and then times 7, rounded up to a power of two that is at least
// 64; 2^32 when the kernel's 32 bits are too few for that (memlock of 6.18, and bloom_map_alloc).
func (s *spec) bloomBits() uint64 {
	n := uint64(s.maxEntries) * uint64(s.hashes())
	if n>>32 != 0 || n/5*7 > 1<<31 {
		return 1 << 32
	}
	bits := uint64(64)
	for bits < n/5*7 {
		bits *= 2
	}
	return bits
}

func (b *bloom) clone() table {
	return &bloom{b.hashes, b.nbits, b.known, maps.Clone(b.bits), maps.Clone(b.in), maps.Clone(b.out)}
}

// bitOf is the bit that the i'th hash function sets for value.
func (b *bloom) bitOf(i uint32, value []byte) uint32 {
	return uint32(uint64(jhash(value, i)) % b.nbits)
}

// update pushes: a filter is never full (measured on 6.18).
func (b *bloom) update(_ int, _, value []byte, flags uint64) abi.Errno {
	switch {
	case flags != abi.Any:
		return abi.EINVAL
	case !b.known:
		b.in[string(value)], b.out = true, map[string]bool{}
		return abi.OK
	}
	for i := range b.hashes {
		b.bits[b.bitOf(i, value)] = true
	}
	return abi.OK
}

// test asks for a value. saw is the kernel's answer, which one that does not know its seed takes where it can be right.
func (b *bloom) test(value []byte, saw abi.Errno) abi.Errno {
	if !b.known {
		return b.learn(string(value), saw)
	}
	for i := range b.hashes {
		if !b.bits[b.bitOf(i, value)] {
			return abi.ENOENT
		}
	}
	return abi.OK
}

func (b *bloom) learn(value string, saw abi.Errno) abi.Errno {
	switch {
	case b.in[value]:
		return abi.OK
	case b.out[value] || saw == abi.ENOENT || len(b.in) == 0: // nothing is in an empty filter
		b.out[value] = true
		return abi.ENOENT
	}
	b.in[value] = true
	return abi.OK
}

// lookup is no operation of a filter: test is.
func (b *bloom) lookup([]byte) ([]byte, abi.Errno) { return nil, abi.ENOTSUPP }

// delete and next are no operations of a filter (measured on 6.18).
func (b *bloom) delete(int, []byte) abi.Errno { return abi.EOPNOTSUPP }

func (b *bloom) next(_, _ []byte) ([]byte, abi.Errno) { return nil, abi.EOPNOTSUPP }

const (
	bloomFlags    = abi.FlagNUMANode | abi.FlagZeroSeed | accessFlags
	maxBloomValue = 4194304
	maxHashes     = 15
)

// checkBloom is bloom_map_alloc_check in kernel/bpf/bloom_filter.c.
func (s *spec) checkBloom(bool) abi.Errno {
	if s.valueSize > maxBloomValue {
		return abi.E2BIG
	}
	return abi.OK
}

// allocBloom is bloom_map_alloc, whose checks come when the caller may make maps.
func (s *spec) allocBloom() abi.Errno {
	if s.keySize != 0 || s.valueSize == 0 || s.maxEntries == 0 || s.badFlags(bloomFlags) || s.extra > maxHashes {
		return abi.EINVAL
	}
	return abi.OK
}
