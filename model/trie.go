package model

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// trie is an LPM_TRIE map (kernel/bpf/lpm_trie.c): a list of elements in the order of the walk.
type trie struct {
	max      uint32
	bits     uint32 // of a key's data
	elements []element
}

func newTrie(s spec, _ int) table { return &trie{max: s.maxEntries, bits: 8 * (s.keySize - 4)} }

func (t *trie) clone() table { return &trie{t.max, t.bits, slices.Clone(t.elements)} }

// length is the number of bits of a key that count, which stands before its data.
func length(key []byte) uint32 { return binary.LittleEndian.Uint32(key) }

// bit is the i'th bit of a key's data, the most significant one of its first byte being the first.
func bit(key []byte, i uint32) byte { return key[4+i/8] >> (7 - i%8) & 1 }

// begins reports whether what counts of prefix begins what counts of key.
func begins(prefix, key []byte) bool {
	if length(prefix) > length(key) {
		return false
	}
	for i := range length(prefix) {
		if bit(prefix, i) != bit(key, i) {
			return false
		}
	}
	return true
}

// walkOrder compares keys by their place in a walk: a prefix comes behind all that it begins, and else the first bit that
// differs decides (measured on 6.18; insertion order does not matter).
func walkOrder(a, b []byte) int {
	for i := range min(length(a), length(b)) {
		if order := cmp.Compare(bit(a, i), bit(b, i)); order != 0 {
			return order
		}
	}
	return cmp.Compare(length(b), length(a))
}

// at is where the element with that prefix is, or would be. Two keys are the same where the bits that count are.
func (t *trie) at(key []byte) (int, bool) {
	return slices.BinarySearchFunc(t.elements, key, func(e element, key []byte) int { return walkOrder(e.key, key) })
}

// lookup finds the longest prefix that key begins with; no element is longer than the data.
func (t *trie) lookup(key []byte) ([]byte, abi.Errno) {
	longest := -1
	for i, e := range t.elements {
		if length(key) <= t.bits && begins(e.key, key) && (longest < 0 || length(e.key) > length(t.elements[longest].key)) {
			longest = i
		}
	}
	if longest < 0 {
		return nil, abi.ENOENT
	}
	return t.elements[longest].value, abi.OK
}

// update stores the key as it is given, with the bits that do not count (measured on 6.18).
func (t *trie) update(_ int, key, value []byte, flags uint64) abi.Errno {
	if flags > abi.Exist || length(key) > t.bits {
		return abi.EINVAL
	}
	at, present := t.at(key)
	if errno := allowed(present, flags); errno != abi.OK {
		return errno
	}
	switch e := (element{key: key, value: value}); {
	case present:
		t.elements[at] = e
	case uint32(len(t.elements)) == t.max: // nodes between elements do not count (measured)
		return abi.ENOSPC
	default:
		t.elements = slices.Insert(t.elements, at, e)
	}
	return abi.OK
}

func (t *trie) delete(_ int, key []byte) abi.Errno {
	if length(key) > t.bits {
		return abi.EINVAL
	}
	at, present := t.at(key)
	if !present {
		return abi.ENOENT
	}
	t.elements = slices.Delete(t.elements, at, at+1)
	return abi.OK
}

// next starts over for no key, for one that is absent, and for one that is too long (measured on 6.18).
func (t *trie) next(key, _ []byte) ([]byte, abi.Errno) {
	from := 0
	if key != nil && length(key) <= t.bits {
		if at, present := t.at(key); present {
			from = at + 1
		}
	}
	if from == len(t.elements) {
		return nil, abi.ENOENT
	}
	return t.elements[from].key, abi.OK
}

const (
	trieFlags = abi.FlagNoPrealloc | abi.FlagNUMANode | accessFlags
	// Limits found by bisection on 6.18.
	minTrieKey, maxTrieKey = 5, 260
	maxTrieValue           = 4194024
)

// allocTrie is trie_alloc in kernel/bpf/lpm_trie.c, which makes all checks only when the caller may make maps.
func (s *spec) allocTrie() abi.Errno {
	switch {
	case s.maxEntries == 0 || s.flags&abi.FlagNoPrealloc == 0 || s.badFlags(trieFlags):
		return abi.EINVAL
	case s.keySize < minTrieKey || s.keySize > maxTrieKey || s.valueSize == 0 || s.valueSize > maxTrieValue:
		return abi.EINVAL
	}
	return abi.OK
}
