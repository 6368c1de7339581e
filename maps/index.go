package maps

import (
	"math/bits"

	"github.com/dolthub/swiss"
)

const (
	// nearBuckets of a stripe lie in the index itself, so that small maps allocate nothing for it, and the first
	// nearPages are found by number: maps of up to 1,048,576 buckets have no others.
	nearBuckets = 4
	nearPages   = 256
	pageBuckets = 64
)

// headPage is the first elements of neighbouring buckets of a stripe, none for empty ones.
type headPage [pageBuckets]slot

// index finds a bucket's first element. Only pages in which a bucket once held something are in it. Its zero value is
// empty.
//
// By page of buckets, not by bucket or key: a swiss map of 100,000 buckets is larger than the caches near a core. By
// bucket, not by key, since the chains are short, and order has to be kept by bucket anyway. Asking a swiss map takes
// as long as the rest of a lookup, even when it is small, hence the near ones in front of it. BenchmarkIndex measures
// all of these, and a builtin Go map.
//
// The swiss map's own order is random and never looked at: walks follow the bitmap and the chains. It is archived
// upstream, which is why no other file knows it: replacing it is a change to this type alone.
type index struct {
	first [nearBuckets]slot
	near  []*headPage // as many as are needed, doubling
	far   *swiss.Map[uint32, *headPage]
}

// get is the head of bucket n's chain, none when it is empty. Buckets are counted within the stripe.
func (x *index) get(n uint32) slot {
	if n < nearBuckets {
		return x.first[n]
	}
	if p := x.page(n / pageBuckets); p != nil {
		return p[n%pageBuckets]
	}
	return none
}

// page is a page by its number, nil when none of its buckets ever held an element.
func (x *index) page(number uint32) *headPage {
	if number < uint32(len(x.near)) {
		return x.near[number]
	}
	if x.far == nil {
		return nil
	}
	p, _ := x.far.Get(number)
	return p
}

// set makes s the head of bucket n's chain, none for an empty one.
func (x *index) set(n uint32, s slot) {
	if n < nearBuckets {
		x.first[n] = s
		return
	}
	p := x.page(n / pageBuckets)
	if p == nil {
		p = x.newPage(n / pageBuckets)
	}
	p[n%pageBuckets] = s
}

func (x *index) newPage(number uint32) *headPage {
	p := new(headPage)
	if number < nearPages {
		x.reach(number)
		x.near[number] = p
		return p
	}
	if x.far == nil {
		x.far = swiss.NewMap[uint32, *headPage](1)
	}
	x.far.Put(number, p)
	return p
}

// reach makes near long enough for a page.
func (x *index) reach(number uint32) {
	if number >= uint32(len(x.near)) {
		longer := make([]*headPage, 1<<bits.Len32(number))
		copy(longer, x.near)
		x.near = longer
	}
}
