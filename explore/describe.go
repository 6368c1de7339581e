package explore

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// describe puts a call of the walk into words.
func (s Scenario) describe(call model.WalkCall, ended bool) string {
	var words []string
	for _, pair := range call.Records {
		words = append(words, s.Map.pairText(pair))
	}
	switch {
	case call.Failed != abi.OK:
		words = []string{call.Failed.String()}
	case len(words) == 0:
		words = []string{"nothing"}
	}
	if ended {
		words = append(words, "the end")
	}
	return fmt.Sprintf("%s -> %s", s.Walk.Way, strings.Join(words, ", "))
}

// pairText is key=value, the value as the number of its write; a torn value shows all its words.
func (m Shape) pairText(p model.Pair) string {
	return m.keyText(p.Key) + "=" + valueText(p.Value)
}

func valueText(value string) string {
	words := valueWords(value)
	if !isTorn(value) {
		words = words[:1]
	}
	return strings.Join(words, "|")
}

// valueWords are the numbers in a value's words, and in each byte behind them.
func valueWords(value string) []string {
	var words []string
	for ; len(value) >= 8; value = value[8:] {
		words = append(words, fmt.Sprint(binary.LittleEndian.Uint64([]byte(value))))
	}
	for _, b := range []byte(value) {
		words = append(words, fmt.Sprint(b))
	}
	return words
}

// isTorn reports that a value is made of several writes.
func isTorn(value string) bool {
	if len(value) < 8 {
		return string(numbered(uint64(value[0]), len(value))) != value
	}
	return string(numbered(binary.LittleEndian.Uint64([]byte(value)), len(value))) != value
}

// content reads the whole map while nobody else runs.
func (c *client) content() map[string]string {
	content := make(map[string]string)
	from := uint64(0)
	for {
		if _, errno := c.system.Do(bpfsys.MapGetNextKey{FD: c.fd, Key: from, NextKey: c.next}); errno != abi.OK {
			return content
		}
		key := c.read(c.next, c.shape.keyBytes())
		c.write(c.key, key)
		from = c.key
		if _, errno := c.system.Do(bpfsys.MapLookupElem{FD: c.fd, Key: c.key, Value: c.value}); errno == abi.OK {
			content[string(key)] = string(c.read(c.value, c.shape.Value))
		}
	}
}

// bound is the most records that a walk reads which never turns back: each bucket once, each as full as the map.
func (s Scenario) bound() int {
	buckets, capacity := 1, int(s.capacity())
	for buckets < capacity {
		buckets *= 2
	}
	return buckets * capacity
}

// capacity is the number of elements that the map takes. Where each CPU has an LRU list of its own, max_entries is rounded
// up to a multiple of the possible CPUs (htab_map_alloc in kernel/bpf/hashtab.c).
func (s Scenario) capacity() uint32 {
	if !s.Map.evicts() || s.Map.Flags&abi.FlagNoCommonLRU == 0 {
		return s.Map.Entries
	}
	cpus := uint32(s.CPUs())
	return (s.Map.Entries + cpus - 1) / cpus * cpus
}
