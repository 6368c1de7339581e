package proptest

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// evictions is how many elements an update pushed out of an LRU map, at least: an element that is evicted and made
// again by the same call is not seen, nor are those of a batch that made as many.
type evictions struct {
	elements maps.Map // nil where nothing can be evicted
	before   int
	absent   bool // the key was not there
}

// watchUpdate looks at an LRU map before a call.
func (k *Sim) watchUpdate(c Call) evictions {
	if c.Cmd != abi.MapUpdateElem && c.Cmd != abi.MapUpdateBatch {
		return evictions{}
	}
	offset := abi.ElemMapFD
	if c.Cmd == abi.MapUpdateBatch {
		offset = abi.BatchMapFD
	}
	var fd [4]byte
	k.arena.Read(fd[:], c.Attr+uint64(offset))
	file := k.files.open[int32(word(fd[:]))]
	if file == nil || file.Map().Spec().Type != abi.LRUHash {
		return evictions{}
	}
	e := evictions{elements: file.Map().Elements()}
	e.before = e.count()
	e.absent = c.Cmd == abi.MapUpdateElem && !k.holds(e.elements, c)
	return e
}

// holds reports whether the key of an element call is in a map.
func (k *Sim) holds(m maps.Map, c Call) bool {
	var addr [8]byte
	k.arena.Read(addr[:], c.Attr+abi.ElemKey)
	key, value := make([]byte, m.Spec().KeySize), make([]byte, m.ValueBytes())
	k.arena.Read(key, word(addr[:]))
	return m.(maps.Lookuper).Lookup(&maps.Task{}, key, value) == abi.OK
}

// count is the number of elements in the map.
func (e evictions) count() int {
	m, n := e.elements.(maps.Buckets), 0
	for b := m.NextBucket(0); b < m.Buckets(); b = m.NextBucket(b + 1) {
		n += m.ReadBucket(&maps.Task{}, b, nil, nil, false)
	}
	return n
}

// after is how many are gone.
func (e evictions) after(errno abi.Errno) int {
	if e.elements == nil {
		return 0
	}
	gone := e.before - e.count()
	if errno == abi.OK && e.absent {
		gone++
	}
	return max(gone, 0)
}
