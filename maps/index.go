package maps

import (
	"sync/atomic"

	"github.com/dolthub/swiss"
)

const (
	// chunkPages are allocated together: 512 bytes, the largest object with pointers that the Go runtime puts on
	// cache lines of its own.
	chunkPages = 8
	// nearPages are found by number: maps of up to 1,048,576 buckets have no others.
	nearPages = 32768
)

// noPage stands for all pages in which nothing was ever stored. Nobody writes to it.
var noPage page

// chunk is neighbouring pages.
type chunk [chunkPages]page

// index finds pages. Only those in which a bucket once held something take memory.
//
// By page, not by bucket or key: a swiss map of 100,000 buckets is larger than the caches near a core, and order has to
// be kept by bucket anyway. Asking a swiss map takes as long as the rest of a lookup, even when it is small, hence the
// near pages in front of it, and the groups of pages behind it, so that it stays small. BenchmarkIndex measures all of
// these, and a builtin Go map.
type index struct {
	near []atomic.Pointer[chunk]
	far  []farIndex // by stripe, none where all pages are near
}

// farIndex is a stripe's share of the pages that are not near, guarded as its buckets are.
//
// The swiss map's own order is random and never looked at: walks follow the bitmap and the pages. It is archived
// upstream, which is why no other file knows it: replacing it is a change to this type alone.
type farIndex struct {
	groups *swiss.Map[uint32, *group]
}

// group is neighbouring chunks of a stripe.
type group [groupChunks]*chunk

const (
	groupChunks = 128
	groupPages  = groupChunks * chunkPages
)

// newIndex makes an index for so many pages, of so many stripes.
func newIndex(pages, stripes uint32) index {
	x := index{near: make([]atomic.Pointer[chunk], (min(pages, nearPages)+chunkPages-1)/chunkPages)}
	if pages > nearPages {
		x.far = make([]farIndex, stripes)
	}
	return x
}

// get is a page by its number, noPage when nothing was ever stored in it.
func (x *index) get(number uint32) *page {
	if at := uint(number / chunkPages); at < uint(len(x.near)) {
		if c := x.near[at].Load(); c != nil {
			return &c[number%chunkPages]
		}
	}
	return x.getFar(number)
}

// getFar is get for pages that are not near, or were never stored in, or do not exist.
func (x *index) getFar(number uint32) *page {
	if number < nearPages || len(x.far) == 0 {
		return &noPage
	}
	return x.far[number%uint32(len(x.far))].get(number / uint32(len(x.far)))
}

// touch is a page by its number, to be stored in.
func (x *index) touch(number uint32) *page {
	if at := number / chunkPages; at < uint32(len(x.near)) {
		return &publish(&x.near[at])[number%chunkPages]
	}
	return x.far[number%uint32(len(x.far))].touch(number / uint32(len(x.far)))
}

// get is page number n of the stripe, noPage when nothing was ever stored near it.
func (x *farIndex) get(n uint32) *page {
	if x.groups == nil {
		return &noPage
	}
	if g, ok := x.groups.Get(n / groupPages); ok {
		if c := g[n/chunkPages%groupChunks]; c != nil {
			return &c[n%chunkPages]
		}
	}
	return &noPage
}

// touch is page number n of the stripe, to be stored in.
func (x *farIndex) touch(n uint32) *page {
	if x.groups == nil {
		x.groups = swiss.NewMap[uint32, *group](1)
	}
	g, ok := x.groups.Get(n / groupPages)
	if !ok {
		g = new(group)
		x.groups.Put(n/groupPages, g)
	}
	c := &g[n/chunkPages%groupChunks]
	if *c == nil {
		*c = new(chunk)
	}
	return &(*c)[n%chunkPages]
}
