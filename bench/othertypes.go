package bench

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// otherMap is a map that is no table of keys and values as hashMap has them, and the calls on its elements.
type otherMap struct {
	key, val             buffer
	after                buffer
	lookup, update, next command
	put                  func(i int) // makes key and val those of element i
	order                permutation
	entries              int
}

func (m *otherMap) hit(n int) {
	for range n {
		m.put(m.order.next())
		m.lookup.must(abi.OK)
	}
}

func (m *otherMap) set(n int) {
	for range n {
		m.put(m.order.next())
		m.update.must(abi.OK)
	}
}

func (m *otherMap) walk(n int) {
	for range n {
		if _, errno := m.next.call(); errno != abi.OK {
			clear(m.after.bytes)
			binary.LittleEndian.PutUint32(m.after.bytes, 1<<31) // no key
		}
	}
}

// newOther makes a map and its calls. A key size of 0 is a map without keys.
func newOther(k system, create bpfsys.MapCreate, put func(m *otherMap, i int)) *otherMap {
	entries := int(create.MaxEntries)
	m := &otherMap{order: newPermutation(entries, 0), entries: entries}
	m.put = func(i int) { put(m, i) }
	fd := prepare(k, create)
	elem := bpfsys.MapLookupElem{FD: fd.must(abi.OK)}
	m.val = newBuffer(k, int(create.ValueSize))
	elem.Value = m.val.addr
	if create.KeySize > 0 {
		m.key, m.after = newBuffer(k, int(create.KeySize)), newBuffer(k, int(create.KeySize))
		elem.Key = m.key.addr
		m.next = prepare(k, bpfsys.MapGetNextKey{FD: elem.FD, Key: m.after.addr, NextKey: m.after.addr})
	}
	m.lookup, m.update = prepare(k, elem), prepare(k, bpfsys.MapUpdateElem(elem))
	return m
}

func (m *otherMap) fill() *otherMap {
	for i := range m.entries {
		m.put(i)
		m.update.must(abi.OK)
	}
	return m
}

// newTrie makes a full LPM_TRIE of IPv4 addresses, far from each other, that all have their own prefix.
func newTrie(k system) *otherMap {
	create := bpfsys.MapCreate{Type: abi.LPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: typeEntries, Flags: abi.FlagNoPrealloc}
	return newOther(k, create, func(m *otherMap, i int) {
		const spread = 2654435769 // odd, so that no two addresses are the same
		putUint32(m.key.bytes, 32)
		binary.BigEndian.PutUint32(m.key.bytes[4:], uint32(i)*spread)
	}).fill()
}

// newFilter makes a BLOOM_FILTER that has been given its max entries.
func newFilter(k system) *otherMap {
	create := bpfsys.MapCreate{Type: abi.BloomFilter, ValueSize: 8, MaxEntries: typeEntries}
	return newOther(k, create, func(m *otherMap, i int) { putUint32(m.val.bytes, i) }).fill()
}

// newOuter makes a map of maps with one inner map: Linux waits for other CPUs after each update of such a map.
func newOuter(k system, kind abi.MapType) *otherMap {
	first := prepare(k, bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	inner := first.must(abi.OK)
	create := bpfsys.MapCreate{Type: kind, KeySize: 4, ValueSize: 4, MaxEntries: 1, InnerMapFD: inner}
	return newOther(k, create, func(m *otherMap, i int) {
		putUint32(m.key.bytes, i)
		putUint32(m.val.bytes, int(inner))
	}).fill()
}

// otherTypes are the maps of otherRows and what is measured of each.
var otherTypes = []struct {
	kind abi.MapType
	make func(k system) *otherMap
	ops  []string
}{
	{abi.LPMTrie, newTrie, []string{"lookup hit", "update", "next key"}},
	{abi.BloomFilter, newFilter, []string{"lookup hit", "update"}},
	{abi.ArrayOfMaps, func(k system) *otherMap { return newOuter(k, abi.ArrayOfMaps) }, []string{"lookup hit"}},
	{abi.HashOfMaps, func(k system) *otherMap { return newOuter(k, abi.HashOfMaps) }, []string{"lookup hit"}},
}

var otherOps = map[string]func(*otherMap, int){
	"lookup hit": (*otherMap).hit, "update": (*otherMap).set, "next key": (*otherMap).walk,
}

// otherRows measures single elements of the types that are no tables of plain values.
func otherRows(s *session) {
	for _, typ := range otherTypes {
		ours := typ.make(newEmulated())
		var linux *otherMap
		if s.linux != nil {
			s.linux.Reset()
			linux = typ.make(s.linux)
		}
		size := shape{ours.entries, len(ours.key.bytes), len(ours.val.bytes)}
		for _, name := range typ.ops {
			runners := []runner{{name: "bpfsys", run: func(n int) { otherOps[name](ours, n) }}}
			if linux != nil {
				runners = append(runners, runner{name: "Linux", run: func(n int) { otherOps[name](linux, n) }})
			}
			what := typ.kind.String() + ": " + name + ", " + size.String() + ", bpfsys"
			s.versus(s.race(runners...), 0, 1, Row{What: what, Rival: "Linux", Floor: 15}.of(size))
		}
	}
}
