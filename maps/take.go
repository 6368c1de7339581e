package maps

// Drainer is a hash table whose elements can leave it in the same atomic step in which somebody else takes them over.
type Drainer interface {
	Buckets
	// BucketOf is the bucket that holds key, whether or not the key is in the map.
	BucketOf(key []byte) uint32
	// TakeBucket is ReadBucket that removes what it copied if consumer takes it.
	TakeBucket(t *Task, b uint32, keys, values []byte, consumer Consumer) int
	// TakeFirst copies the first element of bucket b and removes it if consumer takes it. It reports whether there was
	// one.
	TakeFirst(t *Task, b uint32, key, value []byte, consumer Consumer) bool
}

// Consumer takes over elements that a Drainer has copied, n of them, or refuses them, and they stay in the map. It is
// called with the bucket locked: it must not step, and not touch the map.
type Consumer interface{ Consume(n int) bool }

// always takes everything.
type always struct{}

func (always) Consume(int) bool { return true }

// BucketOf hashes key.
func (x *table) BucketOf(key []byte) uint32 { return x.hash(key) & x.mask }

// TakeBucket gives the elements back newest last, as Linux's LOOKUP_AND_DELETE_BATCH does, which decides what an LRU
// map uses next.
func (x *table) TakeBucket(t *Task, b uint32, keys, values []byte, consumer Consumer) int {
	st := x.lock(t, b)
	n := x.copyBucket(t, b, keys, values)
	if n == 0 || !x.fits(n, keys, values) || !consumer.Consume(n) {
		x.unlock(st)
		return n
	}
	p, i := x.pageOf(b)
	from, to := p.bounds(i)
	var gone removed
	gone.addNewestLast(x, p, from, to)
	x.remove(t, p, b, from, to-from)
	x.unlock(st)
	x.free.giveAll(t, gone.first, gone.last, n)
	return n
}

// TakeFirst takes the newest element.
func (x *table) TakeFirst(t *Task, b uint32, key, value []byte, consumer Consumer) bool {
	st := x.lock(t, b)
	p, i := x.pageOf(b)
	from, to := p.bounds(i)
	if from < to {
		x.copyPairs(t, p, from, from+1, key, value)
	}
	if from == to || !consumer.Consume(1) {
		x.unlock(st)
		return from < to
	}
	s := x.slot(p, from)
	x.remove(t, p, b, from, 1)
	x.unlock(st)
	x.free.give(t, s)
	return true
}

// removed is a chain of slots that left the table, to be given back from the last to the first.
type removed struct{ first, last slot }

func (r *removed) add(x *table, s slot) {
	if r.first == none {
		r.last = s
	}
	x.arena.link(s, r.first)
	r.first = s
}

// addNewestFirst adds the elements from one to another, which are in the order of their buckets, newest first in each, as
// if they left one by one.
func (r *removed) addNewestFirst(x *table, p *page, from, to uint32) {
	for at := from; x.layout.has(slots) && at < to; at++ {
		r.add(x, x.slot(p, at))
	}
}

// addNewestLast adds a bucket's elements from one to another as if the bucket left as a whole.
func (r *removed) addNewestLast(x *table, p *page, from, to uint32) {
	for at := to; x.layout.has(slots) && at > from; at-- {
		r.add(x, x.slot(p, at-1))
	}
}
