package explore

import (
	"encoding/binary"
	"fmt"
	"math/bits"

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
	if m.isTrie() {
		return prefixBytes
	}
	return keyBytes
}

// keyOf is the key that n stands for.
func (m Shape) keyOf(n uint32) []byte {
	if !m.isTrie() {
		return binary.LittleEndian.AppendUint32(nil, n)
	}
	length := bits.Len32(n) - 1
	return binary.BigEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(length)), n<<(32-length))
}

// keyText is the number of a key.
func keyText(key string) string {
	n := binary.LittleEndian.Uint32([]byte(key))
	if len(key) == prefixBytes {
		n = 1<<n | uint32(uint64(binary.BigEndian.Uint32([]byte(key[4:])))>>(32-n))
	}
	return fmt.Sprint(n)
}

// checkTrie reports what a trie of a scenario has not.
func (s Scenario) checkTrie() error {
	if !s.Map.isTrie() {
		return nil
	}
	keys := s.Keys
	for _, t := range s.Tasks {
		for _, op := range t.Ops {
			if op.Verb == "write" {
				return fmt.Errorf("%s %s: a lookup in a map of type %s may find another key than the program's, so there is no %q: want update",
					t.kind(), t.Name, typeWord(s.Map.Type), op.Verb)
			}
			keys = append(keys[:len(keys):len(keys)], op.Key)
		}
	}
	for _, key := range keys {
		if key == 0 {
			return fmt.Errorf("key 0 is no prefix: the keys of an %s begin with 1", typeWord(s.Map.Type))
		}
	}
	return nil
}
