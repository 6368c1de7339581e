package maps

// Drainer is a hash table whose elements can leave it in the same atomic step in which somebody else takes them over.
type Drainer interface {
	Buckets
	// BucketOf is the bucket that holds key, whether or not the key is in the map.
	BucketOf(key []byte) uint32
	// TakeBucket is ReadBucket that removes what it copied if taker takes it.
	TakeBucket(t *Task, b uint32, keys, values []byte, taker Taker) int
	// TakeFirst copies the first element of bucket b and removes it if taker takes it. It reports whether there was
	// one.
	TakeFirst(t *Task, b uint32, key, value []byte, taker Taker) bool
}

// Taker takes over elements that a Drainer has copied, n of them, or refuses them, and they stay in the map. It is
// called with the bucket locked: it must not step, and not touch the map.
type Taker interface{ Take(n int) bool }

// always takes everything.
type always struct{}

func (always) Take(int) bool { return true }

// BucketOf hashes key.
func (x *table) BucketOf(key []byte) uint32 { return x.hash(key) & x.mask }

// TakeBucket gives the elements back newest last, as Linux's LOOKUP_AND_DELETE_BATCH does, which decides what an LRU
// map uses next.
func (x *table) TakeBucket(t *Task, b uint32, keys, values []byte, taker Taker) int {
	st := x.lock(t, b)
	n := x.copyBucket(st, b, keys, values)
	if n == 0 || !x.fits(n, keys, values) || !taker.Take(n) {
		x.unlock(t, st)
		return n
	}
	newest := x.head(st, b)
	x.setHead(st, b, none)
	x.occupied.remove(b)
	x.unlock(t, st)
	x.free.giveAll(t, newest, x.last(newest), n)
	return n
}

// TakeFirst takes the newest element.
func (x *table) TakeFirst(t *Task, b uint32, key, value []byte, taker Taker) bool {
	st := x.lock(t, b)
	s := x.head(st, b)
	if s != none {
		copy(key, x.key(s))
		copy(value, x.value(s))
	}
	if s == none || !taker.Take(1) {
		x.unlock(t, st)
		return s != none
	}
	x.unlink(st, b, none, s)
	x.unlock(t, st)
	x.free.give(t, s)
	return true
}
