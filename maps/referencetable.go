package maps

import (
	"bytes"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// referenceTable is the elements of a hash type whose values refer to something. They are few as a rule, so all of them lie
// in one list in the order of a walk: by bucket, and in a bucket the newest first.
type referenceTable struct {
	oneByOne
	spec     Spec
	bucketOf func(key []byte) uint32
	lock     Lock
	elements []reference
}

// reference is one element.
type reference struct {
	bucket uint32
	key    []byte
	to     Referent
}

func (h *referenceTable) Spec() Spec      { return h.spec }
func (h *referenceTable) ValueBytes() int { return int(h.spec.ValueSize) }

// begin is where a bucket's elements begin in the list, or would.
func (h *referenceTable) begin(bucket uint32) int {
	at, _ := slices.BinarySearchFunc(h.elements, bucket, func(e reference, b uint32) int {
		return int(int64(e.bucket)*2 - int64(b)*2 + 1) // never equal: the first of many
	})
	return at
}

// find is where a key is, false when it is not there, or refers to something that is gone.
func (h *referenceTable) find(key []byte) (int, bool) {
	bucket := h.bucketOf(key)
	for at := h.begin(bucket); at < len(h.elements) && h.elements[at].bucket == bucket; at++ {
		if !bytes.Equal(h.elements[at].key, key) {
			continue
		}
		if h.elements[at].to.Gone() {
			h.removeAt(at)
			return 0, false
		}
		return at, true
	}
	return 0, false
}

func (h *referenceTable) removeAt(at int) {
	h.elements[at].to.Detach(h.spec.Type)
	h.elements = slices.Delete(h.elements, at, at+1)
}

// put makes key refer to something, as the first of its bucket, if there is room. What it referred to before goes.
func (h *referenceTable) put(key []byte, to Referent) abi.Errno {
	if at, there := h.find(key); there {
		h.removeAt(at)
	} else if h.prune(); uint32(len(h.elements)) >= h.spec.MaxEntries {
		return abi.E2BIG
	}
	bucket := h.bucketOf(key)
	h.elements = slices.Insert(h.elements, h.begin(bucket), reference{bucket, bytes.Clone(key), to})
	return abi.OK
}

// prune takes out what is gone, where that matters: in a table that is full.
func (h *referenceTable) prune() {
	if uint32(len(h.elements)) < h.spec.MaxEntries {
		return
	}
	for at := len(h.elements) - 1; at >= 0; at-- {
		if h.elements[at].to.Gone() {
			h.removeAt(at)
		}
	}
}

// has reports whether a key is there.
func (h *referenceTable) has(t *Task, key []byte) bool {
	h.lock.Lock(t)
	defer h.lock.Unlock()
	_, there := h.find(key)
	return there
}

// show copies what a key refers to.
func (h *referenceTable) show(t *Task, key, value []byte) abi.Errno {
	h.lock.Lock(t)
	defer h.lock.Unlock()
	at, there := h.find(key)
	if !there {
		return abi.ENOENT
	}
	h.elements[at].to.Show(value)
	return abi.OK
}

// Delete removes a key.
func (h *referenceTable) Delete(t *Task, key []byte) abi.Errno {
	h.lock.Lock(t)
	defer h.lock.Unlock()
	at, there := h.find(key)
	if !there {
		return abi.ENOENT
	}
	h.removeAt(at)
	return abi.OK
}

// NextKey walks by bucket. A key that is absent starts again at the first.
func (h *referenceTable) NextKey(t *Task, key, next []byte) abi.Errno {
	h.lock.Lock(t)
	defer h.lock.Unlock()
	following := 0
	if key != nil {
		if at, there := h.find(key); there {
			following = at + 1
		}
	}
	for following < len(h.elements) && h.elements[following].to.Gone() {
		h.removeAt(following)
	}
	if following == len(h.elements) {
		return abi.ENOENT
	}
	put(next, h.elements[following].key)
	return abi.OK
}

// live is the number of elements that refer to something.
func (h *referenceTable) live() (n uint64) {
	h.lock.Lock(bystander)
	defer h.lock.Unlock()
	for _, e := range h.elements {
		if !e.to.Gone() {
			n++
		}
	}
	return n
}

// Close empties the table.
func (h *referenceTable) Close() {
	h.lock.Lock(bystander)
	defer h.lock.Unlock()
	for len(h.elements) > 0 {
		h.removeAt(len(h.elements) - 1)
	}
}

// roundBuckets is the number of buckets, a power of two, for so many elements.
func roundBuckets(n uint32) uint64 {
	b := uint64(1)
	for b < uint64(n) {
		b *= 2
	}
	return b
}
