package model

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// hash is a map of a hash type (kernel/bpf/hashtab.c).
type hash struct {
	max      uint32
	nbuckets uint32
	count    uint32
	buckets  []bucket  // those that ever had elements, by index
	lru      *lru      // nil for types that evict nothing
	inPlace  bool      // what is there is written over
	order    *order    // nil when the map's seed is known
	ofMaps   bool      // values are maps
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
	node  int32
}

// allocHash: the number of buckets is looked at last (htab_map_alloc).
func (s *spec) allocHash() abi.Errno {
	if s.maxEntries > maxBuckets {
		return abi.E2BIG
	}
	return abi.OK
}

func newHash(s spec, cpus int) table {
	h := &hash{max: s.maxEntries, nbuckets: bucketCount(s.maxEntries), inPlace: s.perCPU()}
	h.buckets = make([]bucket, 0, min(h.nbuckets, usualBuckets))
	if s.evicts() {
		h.lru = newLRU(s.maxEntries, s.flags&abi.FlagNoCommonLRU != 0, cpus, s.lruTarget)
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

// spot is where a key is, or would be.
type spot struct {
	bucket uint32 // its index
	i      int    // the bucket's position in buckets, or where it would be
	listed bool   // the bucket is in buckets
	at     int    // the key's position in the bucket, -1 when it is not there
}

func (h *hash) place(key []byte) spot {
	p := spot{bucket: h.bucketOf(key), at: -1}
	p.i = h.from(p.bucket)
	if p.listed = p.i < len(h.buckets) && h.buckets[p.i].index == p.bucket; p.listed {
		p.at = slices.IndexFunc(h.buckets[p.i].elements, func(e element) bool { return bytes.Equal(e.key, key) })
	}
	return p
}

// find is the element with that key.
func (h *hash) find(key []byte) (element, bool) {
	if p := h.place(key); p.at >= 0 {
		return h.buckets[p.i].elements[p.at], true
	}
	return element{}, false
}

// unlink takes an element out of the i'th bucket.
func (h *hash) unlink(i, at int) {
	b := &h.buckets[i]
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

// evicts reports whether maps of that type make room for new keys.
func (s *spec) evicts() bool { return s.kind == abi.LRUHash || s.kind == abi.LRUPerCPUHash }

// update: an element that is replaced moves to the head of its bucket, with and without preallocation (measured); per-CPU
// values are written over where they are.
func (h *hash) update(cpu int, key, value []byte, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	if h.lru != nil && h.inPlace {
		return h.updatePerCPULRU(cpu, key, value, flags)
	}
	if h.lru != nil {
		return h.updateLRU(cpu, key, value, flags)
	}
	p := h.place(key)
	if errno := allowed(p.at >= 0, flags); errno != abi.OK {
		return errno
	}
	if p.at >= 0 && h.inPlace {
		h.buckets[p.i].elements[p.at].value = value
		return abi.OK
	}
	if p.at < 0 && h.count == h.max { // exactly max_entries fit, in both modes (measured)
		return abi.E2BIG
	}
	h.put(p, element{key: key, value: value})
	return abi.OK
}

// updateInPlace is update, but writes a value over where it is.
func (h *hash) updateInPlace(cpu int, key, value []byte, flags uint64) abi.Errno {
	usual := h.inPlace
	h.inPlace = true
	defer func() { h.inPlace = usual }()
	return h.update(cpu, key, value, flags)
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

// put puts e at the head of its bucket, in place of the element that is there.
func (h *hash) put(p spot, e element) {
	h.forget()
	if !p.listed {
		h.buckets = slices.Insert(h.buckets, p.i, bucket{p.bucket, h.roomForOne()})
	}
	b := &h.buckets[p.i]
	if p.at < 0 {
		h.count++
		b.elements = slices.Insert(b.elements, 0, e)
		return
	}
	copy(b.elements[1:p.at+1], b.elements[:p.at])
	b.elements[0] = e
}

// usualBuckets is how many buckets most maps here use at most.
const usualBuckets = 8

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
	p := h.place(key)
	if errno := allowed(p.at >= 0, flags); errno != abi.OK {
		h.lru.giveBack(node)
		return errno
	}
	if p.at >= 0 {
		h.lru.reference(node)
		h.lru.giveBack(h.buckets[p.i].elements[p.at].node)
	}
	h.put(p, element{key, value, node})
	return abi.OK
}

// updatePerCPULRU takes a node first, too, but none under EXIST. The node of a key that is there stays and is referenced
// (__htab_lru_percpu_map_update_elem in hashtab.c).
func (h *hash) updatePerCPULRU(cpu int, key, value []byte, flags uint64) abi.Errno {
	fresh := int32(0)
	if flags != abi.Exist {
		if fresh = h.lru.take(cpu, h.evict); fresh == 0 {
			return abi.ENOMEM
		}
	}
	p := h.place(key)
	errno := allowed(p.at >= 0, flags)
	switch {
	case errno != abi.OK:
	case p.at >= 0:
		e := &h.buckets[p.i].elements[p.at]
		h.lru.reference(e.node)
		e.value = value
	default:
		h.put(p, element{key, value, fresh})
		return abi.OK
	}
	if fresh != 0 {
		h.lru.giveBack(fresh)
	}
	return errno
}

// evict is how the LRU removes the element that carries a node.
func (h *hash) evict(n node) {
	for i := range h.buckets {
		at := slices.IndexFunc(h.buckets[i].elements, func(e element) bool { return e.node == n.id })
		if at >= 0 {
			h.unlink(i, at)
			h.evicted++
			return
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
	p := h.place(e.key)
	h.unlink(p.i, p.at)
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
	p := h.place(key)
	if p.at < 0 {
		return nil, false
	}
	if elements := h.buckets[p.i].elements; p.at+1 < len(elements) {
		return elements[p.at+1].key, true
	}
	return nil, true
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

const (
	// Limits found by bisection on 6.18.
	maxHashElement = 4194256 // key_size + value_size must be less
	maxBuckets     = 1 << 27
	hashFlags      = abi.FlagNoPrealloc | abi.FlagNoCommonLRU | abi.FlagNUMANode | abi.FlagZeroSeed | accessFlags
)

// checkHashMap is htab_map_alloc_check in kernel/bpf/hashtab.c.
func (s *spec) checkHashMap(sysAdmin bool) abi.Errno {
	isLRU, ownLists := s.evicts(), s.flags&abi.FlagNoCommonLRU != 0
	switch {
	case s.flags&abi.FlagZeroSeed != 0 && !sysAdmin:
		return abi.EPERM
	case s.badFlags(hashFlags) || ownLists && !isLRU:
		return abi.EINVAL
	case isLRU && s.flags&abi.FlagNoPrealloc != 0:
		return abi.ENOTSUPP
	case (ownLists || s.perCPU()) && s.node != abi.AnyNode:
		return abi.EINVAL
	case s.maxEntries == 0 || s.keySize == 0 || s.valueSize == 0:
		return abi.EINVAL
	case uint64(s.keySize)+uint64(s.valueSize) >= maxHashElement || s.perCPU() && s.valueSize > maxPart:
		return abi.E2BIG
	}
	return abi.OK
}
