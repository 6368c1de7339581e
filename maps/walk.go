package maps

import "github.com/bpfsim/bpfsim/abi"

// NextKey walks the buckets in ascending order; an absent key leads back to the first element of the map, as on Linux.
func (x *table) NextKey(t *Task, key, next []byte) abi.Errno {
	from := uint32(0)
	if key != nil {
		var copied bool
		if from, copied = x.follow(t, key, next); copied {
			return abi.OK
		}
	}
	for b := x.pass(t, from); b <= x.mask; b = x.pass(t, b+1) {
		if x.first(t, b, next) {
			return abi.OK
		}
	}
	return abi.ENOENT
}

// follow copies the key of the element behind key, if that is in the same page, or tells from which bucket on to look for it.
func (x *table) follow(t *Task, key, next []byte) (from uint32, copied bool) {
	if t.Scheduler != nil {
		return x.stepOn(t, key, next)
	}
	in, number, p, at, found := x.seek(t, key)
	if found {
		from = x.firstOf(number + 1)
		if copied = at+1 < p.count; copied {
			in.cursor = cursorAt(number, at+1)
			inside()
			put(next, x.key(p, at+1))
		}
	}
	x.leave(t, in)
	return from, copied
}

// first copies the key of bucket b's first element, if there is one.
func (x *table) first(t *Task, b uint32, next []byte) bool {
	in := x.enter(t, b)
	p, i := x.pageOf(b)
	from, to := p.bounds(i)
	if from < to {
		in.cursor = cursorAt(x.pageNumber(b), from)
		t.copyWords(next, x.key(p, from), memory(Keys, x.slot(p, from), false))
	}
	x.leave(t, in)
	return from < to
}

// bystander looks at pages between the steps of others.
var bystander = new(Task)

// NextBucket is the first bucket at or behind from that holds an element.
func (x *table) NextBucket(t *Task, from uint32) uint32 {
	if t.Scheduler == nil || t.filled() == nil {
		return x.pass(t, from)
	}
	b := x.pass(t, from)
	for b <= x.mask && !x.peek(t, b) {
		b = x.pass(t, b+1)
	}
	return b
}

func (x *table) nextBucket(from uint32) uint32 {
	for n := x.occupied.next(x.pageNumber(from)); n <= x.pageNumber(x.mask); n = x.occupied.next(n + 1) {
		if b := x.nextIn(max(from, x.firstOf(n))); x.pageNumber(b) == n {
			return b
		}
	}
	return x.mask + 1
}

// nextIn is the first bucket at or behind b in its page that holds an element, or the page's end.
func (x *table) nextIn(b uint32) uint32 {
	in := x.enter(bystander, b)
	p, i := x.pageOf(b)
	at := p.start(i)
	if at < p.count {
		b += p.bucketAt(i, at) - i
	} else {
		b = x.firstOf(x.pageNumber(b) + 1)
	}
	x.leave(bystander, in)
	return b
}

// ReadBucket copies bucket b whole, and empties it when remove is set.
func (x *table) ReadBucket(t *Task, b uint32, keys, values []byte, remove bool) int {
	if remove {
		return x.TakeBucket(t, b, keys, values, always{})
	}
	x.settleFor(t)
	st := &x.stripes[x.number(b)]
	st.lock.Lock(t)
	n := x.copyBucket(t, b, keys, values)
	st.lock.Unlock()
	return n
}

// copyBucket counts bucket b's elements and copies them if they fit.
func (x *table) copyBucket(t *Task, b uint32, keys, values []byte) int {
	p, i := x.pageOf(b)
	from, to := p.bounds(i)
	n := int(to - from)
	if x.fits(n, keys, values) {
		x.copyPairs(t, p, from, to, keys, values)
	}
	return n
}

// fits tells whether n elements have room.
func (x *table) fits(n int, keys, values []byte) bool {
	return n <= len(keys)/int(x.spec.KeySize) && n <= len(values)/x.valueBytes
}

// copyPairs copies the keys and the values of the elements from one to another.
func (x *table) copyPairs(t *Task, p *page, from, to uint32, keys, values []byte) {
	x.touchValues(t, p, from, to)
	key, value := int(x.spec.KeySize), x.valueBytes
	for at := from; at < to; at++ {
		put(keys, x.key(p, at))
		put(values, x.value(p, at))
		keys, values = keys[key:], values[value:]
	}
}
