package model

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// hash is a HASH or LRU_HASH map (kernel/bpf/hashtab.c).
type hash struct {
	max      uint32
	nbuckets uint32
	count    uint32
	buckets  []bucket  // those that ever had elements, by index
	lru      *lru      // nil for HASH
	order    *order    // nil when the map's seed is known
	evicted  int       // elements that the update in progress pushed out
	room     []element // for the first elements of buckets, in one piece
}

// bucket is a chain of elements, newest first.
type bucket struct {
	index    uint32
	elements []element
}

// element is one key and its value. node is the element's place in the LRU lists.
type element struct {
	key   []byte
	value []byte
	node  int
}

func newHash(s spec, cpus int) *hash {
	h := &hash{max: s.maxEntries, nbuckets: bucketCount(s.maxEntries)}
	h.buckets = make([]bucket, 0, min(h.nbuckets, usualBuckets))
	if s.kind == abi.LRUHash {
		h.lru = newLRU(s.maxEntries, s.flags&abi.FlagNoCommonLRU != 0, cpus)
	}
	if s.flags&abi.FlagZeroSeed == 0 {
		h.order = newOrder()
	}
	return h
}

// bucketCount is max rounded up to a power of two (htab_map_alloc in hashtab.c).
func bucketCount(max uint32) uint32 { return 1 << bits.Len32(max-1) }

func (h *hash) clone() table {
	c := *h
	c.room = nil
	c.buckets = make([]bucket, 0, len(h.buckets))
	all := make([]element, 0, h.count)
	for _, b := range h.buckets {
		from := len(all)
		all = append(all, b.elements...)
		c.buckets = append(c.buckets, bucket{b.index, all[from:len(all):len(all)]})
	}
	if h.lru != nil {
		c.lru = h.lru.clone()
	}
	if h.order != nil {
		c.order = h.order.clone()
	}
	return &c
}

// bucketOf is the index of key's bucket (htab_map_hash, __select_bucket in hashtab.c).
func (h *hash) bucketOf(key []byte) uint32 { return jhash(key, 0) & (h.nbuckets - 1) }

// from is the position of the first bucket whose index is index or higher. Where most buckets are listed there are few
// positions to look at: no two have the same index.
func (h *hash) from(index uint32) int {
	low, high := max(0, len(h.buckets)-int(h.nbuckets-index)), min(len(h.buckets), int(index))
	for low < high {
		if middle := (low + high) / 2; h.buckets[middle].index < index {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// place is key's bucket, nil when that never had an element, and the key's position in it, -1 when it is not there.
func (h *hash) place(key []byte) (b *bucket, at int) {
	index := h.bucketOf(key)
	i := h.from(index)
	if i == len(h.buckets) || h.buckets[i].index != index {
		return nil, -1
	}
	b = &h.buckets[i]
	return b, slices.IndexFunc(b.elements, func(e element) bool { return bytes.Equal(e.key, key) })
}

// find is the element with that key.
func (h *hash) find(key []byte) (element, bool) {
	if b, at := h.place(key); at >= 0 {
		return b.elements[at], true
	}
	return element{}, false
}

// unlink takes e out of its bucket.
func (h *hash) unlink(e element) {
	b, at := h.place(e.key)
	b.elements = slices.Delete(b.elements, at, at+1)
	h.count--
	h.forget()
}

// forget drops what was learned of an unknown order that has changed.
func (h *hash) forget() {
	if h.order != nil {
		h.order = newOrder()
	}
}

func (h *hash) lookup(key []byte) ([]byte, abi.Errno) {
	if e, ok := h.find(key); ok {
		return e.value, abi.OK
	}
	return nil, abi.ENOENT
}

// update: an element that is replaced moves to the head of its bucket, with and without preallocation (measured).
func (h *hash) update(cpu int, key, value []byte, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	if h.lru != nil {
		return h.updateLRU(cpu, key, value, flags)
	}
	b, at := h.place(key)
	if errno := allowed(at >= 0, flags); errno != abi.OK {
		return errno
	}
	if at < 0 && h.count == h.max { // exactly max_entries fit, in both modes (measured)
		return abi.E2BIG
	}
	h.put(b, at, element{key: key, value: value})
	return abi.OK
}

// allowed is what NOEXIST and EXIST say of a key (check_flags in hashtab.c).
func allowed(present bool, flags uint64) abi.Errno {
	switch {
	case flags == abi.NoExist && present:
		return abi.EEXIST
	case flags == abi.Exist && !present:
		return abi.ENOENT
	}
	return abi.OK
}

// put puts e at the head of bucket b, in place of the element at position at unless that is -1.
func (h *hash) put(b *bucket, at int, e element) {
	h.forget()
	if at >= 0 {
		copy(b.elements[1:at+1], b.elements[:at])
		b.elements[0] = e
		return
	}
	h.count++
	if b == nil {
		index := h.bucketOf(e.key)
		h.buckets = slices.Insert(h.buckets, h.from(index), bucket{index, h.roomForOne()})
		b = &h.buckets[h.from(index)]
	}
	b.elements = slices.Insert(b.elements, 0, e)
}

// usualBuckets is how many buckets most maps here have at most.
const usualBuckets = 16

// roomForOne is where a bucket's first element goes: most buckets have one.
func (h *hash) roomForOne() []element {
	if len(h.room) == 0 {
		h.room = make([]element, min(h.nbuckets, usualBuckets))
	}
	room := h.room[:0:1]
	h.room = h.room[1:]
	return room
}

// updateLRU takes a node first, which may evict any element, this very key's too; only then it looks for the key
// (htab_lru_map_update_elem in hashtab.c). Replacing sets the new node's reference bit.
func (h *hash) updateLRU(cpu int, key, value []byte, flags uint64) abi.Errno {
	node := h.lru.take(cpu, h.evict)
	if node == 0 {
		return abi.ENOMEM
	}
	b, at := h.place(key)
	if errno := allowed(at >= 0, flags); errno != abi.OK {
		h.lru.giveBack(node)
		return errno
	}
	if at >= 0 {
		h.lru.reference(node)
		h.lru.giveBack(b.elements[at].node)
	}
	h.put(b, at, element{key, value, node})
	return abi.OK
}

// evict is how the LRU removes the element that carries a node.
func (h *hash) evict(n node) {
	for _, b := range h.buckets {
		for _, e := range b.elements {
			if e.node == n.id {
				h.unlink(e)
				h.evicted++
				return
			}
		}
	}
	panic("model: a node in use without an element")
}

func (h *hash) delete(_ int, key []byte) abi.Errno {
	e, present := h.find(key)
	if !present {
		return abi.ENOENT
	}
	h.remove(e)
	return abi.OK
}

// remove takes e out of the map and gives its node back.
func (h *hash) remove(e element) {
	h.unlink(e)
	if h.lru != nil {
		h.lru.giveBack(e.node)
	}
}

// next walks buckets upwards and each from its head; a key that is absent starts over (htab_map_get_next_key).
func (h *hash) next(key, saw []byte) ([]byte, abi.Errno) {
	if h.order != nil {
		return h.order.next(h, key, saw)
	}
	index := uint32(0)
	if key != nil {
		behind, present := h.behind(key)
		if behind != nil {
			return behind, abi.OK
		}
		if present {
			index = h.bucketOf(key) + 1
		}
	}
	return h.first(index)
}

// behind is the key that follows key in its bucket, nil when key is the last or absent.
func (h *hash) behind(key []byte) (next []byte, present bool) {
	b, at := h.place(key)
	if at >= 0 && at+1 < len(b.elements) {
		return b.elements[at+1].key, true
	}
	return nil, at >= 0
}

// first is the first key of the buckets from index on.
func (h *hash) first(index uint32) ([]byte, abi.Errno) {
	for _, b := range h.buckets[h.from(index):] {
		if len(b.elements) > 0 {
			return b.elements[0].key, abi.OK
		}
	}
	return nil, abi.ENOENT
}
