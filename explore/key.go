package explore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// A key of a scenario is a number. In an LPM_TRIE it is the prefix that its binary digits behind the first 1 spell: 1 is the
// empty prefix, 2 is 0 and 3 is 1, 4 is 00 and 5 is 01. So key n covers 2n and 2n+1, and what these cover.

// isTrie reports whether keys are prefixes.
func (m Shape) isTrie() bool { return m.Type == abi.LPMTrie }

const (
	keyBytes    = 4
	prefixBytes = 4 + 4 // length and data
)

func (m Shape) keyBytes() int {
	switch {
	case m.isTrie():
		return prefixBytes
	case m.Key == 0:
		return keyBytes
	}
	return m.Key
}

// checkKey reports a size that keys cannot have.
func (m Shape) checkKey() error {
	switch {
	case m.Key == 0:
		return nil
	case m.IsArray() || m.isTrie():
		return fmt.Errorf("key=%d: keys of type %s have one size", m.Key, typeWord(m.Type))
	case m.Key < keyBytes || m.Key > maxKey || m.Key%keyBytes != 0:
		return fmt.Errorf("key=%d: want %d to %d bytes in steps of %d", m.Key, keyBytes, maxKey, keyBytes)
	}
	return nil
}

// keyOf is the key that n stands for.
func (m Shape) keyOf(n uint32) []byte {
	if !m.isTrie() {
		return bytes.Repeat(binary.LittleEndian.AppendUint32(nil, n), m.keyBytes()/keyBytes)
	}
	length := bits.Len32(n) - 1
	return binary.BigEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(length)), n<<(32-length))
}

// keyText is the number of a key; one that nobody wrote shows all its numbers.
func (m Shape) keyText(key string) string {
	n := binary.LittleEndian.Uint32([]byte(key))
	switch {
	case m.isTrie():
		n = 1<<n | uint32(uint64(binary.BigEndian.Uint32([]byte(key[4:])))>>(32-n))
	case string(m.keyOf(n)) != key:
		return tornKey(key)
	}
	return fmt.Sprint(n)
}

// tornKey is the numbers in a key, those in a row that are the same once.
func tornKey(key string) string {
	var numbers []string
	for ; len(key) >= keyBytes; key = key[keyBytes:] {
		numbers = append(numbers, fmt.Sprint(binary.LittleEndian.Uint32([]byte(key))))
	}
	return strings.Join(slices.Compact(numbers), "|")
}

// keys are all keys that the scenario names, some of them more than once.
func (s Scenario) keys() []uint32 {
	keys := slices.Clone(s.Keys)
	for _, t := range s.Tasks {
		for _, op := range t.Ops {
			if op.Verb != "signal" && op.Verb != "drain" {
				keys = append(keys, op.Key)
			}
		}
	}
	return keys
}

// checkTrie reports what a trie of a scenario has not.
func (s Scenario) checkTrie() error {
	if !s.Map.isTrie() {
		return nil
	}
	for _, t := range s.Tasks {
		for _, op := range t.Ops {
			if op.Verb == "write" {
				return fmt.Errorf("%s %s: a lookup in a map of type %s may find another key than the program's, so there is no %q: want update",
					t.kind(), t.Name, typeWord(s.Map.Type), op.Verb)
			}
		}
	}
	for _, key := range s.keys() {
		if key == 0 {
			return fmt.Errorf("key 0 is no prefix: the keys of an %s begin with 1", typeWord(s.Map.Type))
		}
	}
	return nil
}
