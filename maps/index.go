package maps

import "github.com/dolthub/swiss"

const (
	// nearBuckets of a stripe need no index: maps of up to 512 buckets have no other.
	nearBuckets = 8
	pageBuckets = 64
)

// headPage is the first elements of neighbouring buckets of a stripe, none for empty ones.
type headPage [pageBuckets]slot

// index finds a bucket's first element. Only pages in which a bucket once held something are in it. Its zero value is
// empty.
//
// By page of buckets, not by bucket or key: a swiss map of 100,000 buckets is larger than the caches near a core, one
// of 2,048 pages is not. By bucket, not by key, since the chains are short, and order has to be kept by bucket anyway.
// BenchmarkIndex measures all three against a builtin Go map.
//
// The swiss map's own order is random and never looked at: walks follow the bitmap and the chains. It is archived
// upstream, which is why no other file knows it: replacing it is a change to this type alone.
type index struct {
	near [nearBuckets]slot
	far  *swiss.Map[uint32, *headPage]
}

// get is the head of bucket n's chain, none when it is empty. Buckets are counted within the stripe.
func (x *index) get(n uint32) slot {
	if n < nearBuckets {
		return x.near[n]
	}
	if p := x.page(n); p != nil {
		return p[n%pageBuckets]
	}
	return none
}

// page is the page of bucket n, nil when none of its buckets ever held an element.
func (x *index) page(n uint32) *headPage {
	if x.far == nil {
		return nil
	}
	p, _ := x.far.Get(n / pageBuckets)
	return p
}

// set makes s the head of bucket n's chain, none for an empty one.
func (x *index) set(n uint32, s slot) {
	if n < nearBuckets {
		x.near[n] = s
		return
	}
	p := x.page(n)
	if p == nil {
		p = x.newPage(n)
	}
	p[n%pageBuckets] = s
}

func (x *index) newPage(n uint32) *headPage {
	if x.far == nil {
		x.far = swiss.NewMap[uint32, *headPage](1)
	}
	p := new(headPage)
	x.far.Put(n/pageBuckets, p)
	return p
}
