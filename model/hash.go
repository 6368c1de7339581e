package model

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// hash is a HASH or LRU_HASH map (kernel/bpf/hashtab.c).
type hash struct {
	max      uint32
	nbuckets uint32
	count    uint32
	buckets  []bucket // those with elements, by index
	lru      *lru     // nil for HASH
	order    *order   // nil when the map's seed is known
	evicted  int      // elements that the update in progress pushed out
}

// bucket is a chain of elements, newest first. It is replaced, never changed.
type bucket struct {
	index    uint32
	elements []element
}

// element is one key and its value. node is the element's place in the LRU lists.
type element struct {
	key   string
	value []byte
	node  int
}

func newHash(s spec, cpus int) *hash {
	h := &hash{max: s.maxEntries, nbuckets: bucketCount(s.maxEntries)}
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
	c.buckets = slices.Clone(h.buckets)
	if h.lru != nil {
		c.lru = h.lru.clone()
	}
	if h.order != nil {
		c.order = h.order.clone()
	}
	return &c
}

// bucketOf is the index of key's bucket (htab_map_hash, __select_bucket in hashtab.c).
func (h *hash) bucketOf(key string) uint32 { return jhash(key, 0) & (h.nbuckets - 1) }

// from is the position of the first filled bucket whose index is index or higher.
func (h *hash) from(index uint32) int {
	at, _ := slices.BinarySearchFunc(h.buckets, index, func(b bucket, i uint32) int { return cmp.Compare(b.index, i) })
	return at
}

// chain is the elements of one bucket.
func (h *hash) chain(index uint32) []element {
	if at := h.from(index); at < len(h.buckets) && h.buckets[at].index == index {
		return h.buckets[at].elements
	}
	return nil
}

// setChain replaces the elements of one bucket.
func (h *hash) setChain(index uint32, elements []element) {
	at := h.from(index)
	present := at < len(h.buckets) && h.buckets[at].index == index
	switch {
	case present && len(elements) > 0:
		h.buckets[at].elements = elements
	case present:
		h.buckets = slices.Delete(h.buckets, at, at+1)
	case len(elements) > 0:
		h.buckets = slices.Insert(h.buckets, at, bucket{index, elements})
	}
}

// find is the element with that key.
func (h *hash) find(key string) (element, bool) {
	for _, e := range h.chain(h.bucketOf(key)) {
		if e.key == key {
			return e, true
		}
	}
	return element{}, false
}

// unlink takes e out of its bucket; node tells it from another element with the same key.
func (h *hash) unlink(e element) {
	index := h.bucketOf(e.key)
	h.setChain(index, slices.DeleteFunc(slices.Clone(h.chain(index)), func(o element) bool {
		return o.key == e.key && o.node == e.node
	}))
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
	if e, ok := h.find(string(key)); ok {
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
	_, present := h.find(string(key))
	if errno := allowed(present, flags); errno != abi.OK {
		return errno
	}
	if !present && h.count == h.max { // exactly max_entries fit, in both modes (measured)
		return abi.E2BIG
	}
	h.replace(present, element{key: string(key), value: bytes.Clone(value)})
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

// replace puts e at the head of its bucket, in place of the element with its key where one is present.
func (h *hash) replace(present bool, e element) {
	index := h.bucketOf(e.key)
	old := h.chain(index)
	chain := append(make([]element, 0, len(old)+1), e)
	for _, o := range old {
		if o.key != e.key {
			chain = append(chain, o)
		}
	}
	h.setChain(index, chain)
	if !present {
		h.count++
	}
	h.forget()
}

// updateLRU takes a node first, which may evict any element, this very key's too; only then it looks for the key
// (htab_lru_map_update_elem in hashtab.c). Replacing sets the new node's reference bit.
func (h *hash) updateLRU(cpu int, key, value []byte, flags uint64) abi.Errno {
	node := h.lru.take(cpu, h.evict)
	if node == 0 {
		return abi.ENOMEM
	}
	old, present := h.find(string(key))
	if errno := allowed(present, flags); errno != abi.OK {
		h.lru.giveBack(node)
		return errno
	}
	h.replace(present, element{string(key), bytes.Clone(value), node})
	if present {
		h.lru.reference(node)
		h.lru.giveBack(old.node)
	}
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
	e, present := h.find(string(key))
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
		behind, present := h.behind(string(key))
		if behind != nil {
			return behind, abi.OK
		}
		if present {
			index = h.bucketOf(string(key)) + 1
		}
	}
	return h.first(index)
}

// behind is the key that follows key in its bucket, nil when key is the last or absent.
func (h *hash) behind(key string) (next []byte, present bool) {
	chain := h.chain(h.bucketOf(key))
	at := slices.IndexFunc(chain, func(e element) bool { return e.key == key })
	if at >= 0 && at+1 < len(chain) {
		return []byte(chain[at+1].key), true
	}
	return nil, at >= 0
}

// first is the first key of the buckets from index on.
func (h *hash) first(index uint32) ([]byte, abi.Errno) {
	if at := h.from(index); at < len(h.buckets) {
		return []byte(h.buckets[at].elements[0].key), abi.OK
	}
	return nil, abi.ENOENT
}
