package bench

import (
	"encoding/binary"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// shape is the size of a map.
type shape struct{ entries, key, value int }

func (s shape) String() string { return fmt.Sprintf("key %d, value %d", s.key, s.value) }

// record is the bytes of an element in a dump.
func (s shape) record() int { return s.key + s.value }

// putKey writes the key of element i. Numbers from entries on are keys that the map does not hold.
func (s shape) putKey(key []byte, i int) { putUint32(key, i) }

func putUint32(to []byte, n int) { binary.LittleEndian.PutUint32(to, uint32(n)) }

func uint32At(from []byte) uint32 { return binary.LittleEndian.Uint32(from) }

// hashMap is a map of type HASH on a kernel, full with the elements 0 to entries-1, and the calls on its elements. With put
// it is one of another type.
type hashMap struct {
	system
	shape
	fd, inner                         int32
	put                               func(m *hashMap, i int) // nil: element i has key i
	fill                              func()                  // nil: one element after the other
	key, val, after                   buffer
	lookup, update, insert, del, next command
	order                             permutation
}

func newHashMap(k system, s shape) *hashMap { return newHashMapOf(k, s, s.entries) }

// newHashMapOf makes the map with room for more than its elements.
func newHashMapOf(k system, s shape, room int) *hashMap {
	create := prepare(k, bpfsys.MapCreate{
		Type: abi.Hash, KeySize: uint32(s.key), ValueSize: uint32(s.value), MaxEntries: uint32(room),
	})
	return newHashMapIn(k, s, create.must(abi.OK))
}

// newHashMapIn fills a map that is there.
func newHashMapIn(k system, s shape, fd int32) *hashMap {
	m := &hashMap{system: k, shape: s, fd: fd, order: newPermutation(s.entries, 0)}
	m.prepare()
	m.insertAll()
	return m
}

// beside is another thread that uses the same map.
func (m *hashMap) beside(k emulated) *hashMap {
	other := &hashMap{system: k, shape: m.shape, fd: m.fd, order: newPermutation(m.entries, k.Task.CPU*m.entries/2)}
	other.prepare()
	return other
}

// prepare lays the calls out.
func (m *hashMap) prepare() {
	k, s := m.system, m.shape
	m.val = newBuffer(k, s.value)
	if s.key > 0 {
		m.key, m.after = newBuffer(k, s.key), newBuffer(k, s.key)
	}
	elem := bpfsys.MapLookupElem{FD: m.fd, Key: m.key.addr, Value: m.val.addr}
	m.lookup, m.update = prepare(k, elem), prepare(k, bpfsys.MapUpdateElem(elem))
	elem.Flags = abi.NoExist
	m.insert = prepare(k, bpfsys.MapUpdateElem(elem))
	m.del = prepare(k, bpfsys.MapDeleteElem{FD: m.fd, Key: m.key.addr})
	m.next = prepare(k, bpfsys.MapGetNextKey{FD: m.fd, Key: m.after.addr, NextKey: m.after.addr})
}

// insertAll inserts all elements.
func (m *hashMap) insertAll() {
	for i := range m.entries {
		m.putKey(m.key.bytes, i)
		m.insert.must(abi.OK)
	}
}

// refill inserts whatever is missing.
func (m *hashMap) refill() {
	if m.fill != nil {
		m.fill()
		return
	}
	for i := range m.entries {
		m.turnTo(i)
		m.update.must(abi.OK)
	}
}

// turnTo makes the next calls about element i.
func (m *hashMap) turnTo(i int) {
	if m.put != nil {
		m.put(m, i)
	} else {
		m.putKey(m.key.bytes, i)
	}
}

// far turns to an element far away; base is added to its number.
func (m *hashMap) far(base int) { m.turnTo(m.order.next() + base) }

func (m *hashMap) hit(n int) {
	for range n {
		m.far(0)
		m.lookup.must(abi.OK)
	}
}

func (m *hashMap) miss(n int) {
	for range n {
		m.far(m.entries)
		m.lookup.must(abi.ENOENT)
	}
}

func (m *hashMap) set(n int) {
	for range n {
		m.far(0)
		m.update.must(abi.OK)
	}
}

// mixed is nine lookups to one update.
func (m *hashMap) mixed(n int) {
	for i := range n {
		if i%10 == 0 {
			m.set(1)
		} else {
			m.hit(1)
		}
	}
}

func (m *hashMap) swap(n int) {
	for range n {
		m.far(0)
		m.del.must(abi.OK)
		m.insert.must(abi.OK)
	}
}

func (m *hashMap) walk(n int) {
	for range n {
		if _, errno := m.next.call(); errno != abi.OK {
			m.rewind()
		}
	}
}

// rewind begins the walk again: no element has this key.
func (m *hashMap) rewind() { m.putKey(m.after.bytes, -1) }

// walkValues reads elements key by key, as programs without batches do.
func (m *hashMap) walkValues(n int) {
	for range n {
		if _, errno := m.next.call(); errno != abi.OK {
			m.rewind()
			continue
		}
		copy(m.key.bytes, m.after.bytes)
		m.lookup.must(abi.OK)
	}
}
