package maps

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/bpfsim/bpfsim/abi"
)

// linkBytes is the head of a record: the slot of the next element in the bucket. Key and value follow, packed.
const linkBytes = 4

// table is the hash table that the hash types share (hashtab.c): buckets in ascending order, newest element first in
// each. What differs is where elements come from and go to, which is behind recycler.
type table struct {
	spec Spec
	seed uint32
	mask uint32 // buckets - 1
	guard
	occupied *bitmap
	arena    arena
	free     recycler
}

// recycler takes back elements that left the table. It is called without any bucket's lock.
type recycler interface {
	give(t *Task, s slot)
	// giveAll takes back the n elements of a chain as give would one after the other, from the last to the first.
	giveAll(t *Task, first, last slot, n int)
}

// init makes the table an empty one; first is its first slot, and limit how many it may ever use.
func (x *table) init(spec Spec, first slot, limit int, free recycler) {
	buckets := bucketCount(spec.MaxEntries)
	x.spec, x.mask, x.free = spec, buckets-1, free
	if spec.Flags&abi.FlagZeroSeed == 0 {
		x.seed = spec.Seed
	}
	x.guard = makeGuard(buckets, spec.CPUs)
	x.occupied = newBitmap(buckets)
	x.arena.first, x.arena.next = first, first
	x.arena.records = newSlab[byte](linkBytes+int(spec.KeySize)+int(spec.ValueSize), limit, recordChunk)
}

// bucketCount is max entries rounded up to a power of two.
func bucketCount(entries uint32) uint32 { return 1 << bits.Len32(entries-1) }

func (x *table) Spec() Spec      { return x.spec }
func (x *table) ValueBytes() int { return int(x.spec.ValueSize) }
func (x *table) Buckets() uint32 { return x.mask + 1 }

func (x *table) hash(key []byte) uint32 { return jhash(key, x.seed) }
func (x *table) key(s slot) []byte      { return x.arena.record(s)[linkBytes:][:x.spec.KeySize] }
func (x *table) value(s slot) []byte    { return x.arena.record(s)[linkBytes+x.spec.KeySize:] }
func (x *table) next(s slot) slot       { return slot(binary.LittleEndian.Uint32(x.arena.record(s))) }
func (x *table) link(s slot, behind slot) {
	binary.LittleEndian.PutUint32(x.arena.record(s), uint32(behind))
}

// fill stores an element's key and value, before it is linked.
func (x *table) fill(s slot, key, value []byte) {
	record := x.arena.record(s)[linkBytes:]
	copy(record, key)
	copy(record[len(key):], value)
}

// find is the element with key in bucket b, and the one linked before it (none when it is the head).
func (x *table) find(st *stripe, b uint32, key []byte) (before, s slot) {
	for s = x.head(st, b); s != none; {
		record := x.arena.record(s)
		if equal(record[linkBytes:][:len(key)], key) {
			return before, s
		}
		before, s = s, slot(binary.LittleEndian.Uint32(record))
	}
	return none, none
}

// equal is bytes.Equal without a call for the most common keys.
func equal(a, b []byte) bool {
	switch {
	case len(a) == 4 && len(b) == 4:
		return binary.LittleEndian.Uint32(a) == binary.LittleEndian.Uint32(b)
	case len(a) == 8 && len(b) == 8:
		return binary.LittleEndian.Uint64(a) == binary.LittleEndian.Uint64(b)
	}
	return bytes.Equal(a, b)
}

// push links s as bucket b's newest element.
func (x *table) push(st *stripe, b uint32, s slot) {
	head := x.head(st, b)
	x.link(s, head)
	x.setHead(st, b, s)
	if head == none {
		x.occupied.add(b)
	}
}

// unlink takes s, which follows before in bucket b, out of its chain.
func (x *table) unlink(st *stripe, b uint32, before, s slot) {
	next := x.next(s)
	if before != none {
		x.link(before, next)
		return
	}
	x.setHead(st, b, next)
	if next == none {
		x.occupied.remove(b)
	}
}

// Lookup copies key's value.
func (x *table) Lookup(t *Task, key, value []byte) abi.Errno {
	b := x.hash(key) & x.mask
	in := x.enter(t, b)
	_, s := x.find(in.stripe, b, key)
	if s != none {
		t.copyWords(value, x.value(s))
	}
	x.leave(t, in)
	if s == none {
		return abi.ENOENT
	}
	return abi.OK
}

// Delete removes key.
func (x *table) Delete(t *Task, key []byte) abi.Errno {
	return x.LookupAndDelete(t, key, nil)
}

// LookupAndDelete removes key and copies the value it had.
func (x *table) LookupAndDelete(t *Task, key, value []byte) abi.Errno {
	b := x.hash(key) & x.mask
	st := x.lock(t, b)
	before, s := x.find(st, b, key)
	if s == none {
		x.unlock(t, st)
		return abi.ENOENT
	}
	copy(value, x.value(s))
	x.unlink(st, b, before, s)
	x.unlock(t, st)
	x.free.give(t, s)
	return abi.OK
}

// NextKey walks the buckets in ascending order; an absent key leads back to the first element of the map, as on Linux.
func (x *table) NextKey(t *Task, key, next []byte) abi.Errno {
	from := uint32(0)
	if key != nil {
		b := x.hash(key) & x.mask
		found, copied := x.follow(t, b, key, next)
		if copied {
			return abi.OK
		}
		if found {
			from = b + 1
		}
	}
	for b := x.occupied.next(from); b <= x.mask; b = x.occupied.next(b + 1) {
		if x.first(t, b, next) {
			return abi.OK
		}
	}
	return abi.ENOENT
}

// follow looks for key in bucket b and copies the key of the element behind it, if there is one.
func (x *table) follow(t *Task, b uint32, key, next []byte) (found, copied bool) {
	in := x.enter(t, b)
	_, s := x.find(in.stripe, b, key)
	if found = s != none; found {
		if s = x.next(s); s != none {
			t.copyWords(next, x.key(s))
			copied = true
		}
	}
	x.leave(t, in)
	return found, copied
}

// first copies the key of bucket b's first element, if there is one.
func (x *table) first(t *Task, b uint32, next []byte) bool {
	in := x.enter(t, b)
	s := x.head(in.stripe, b)
	if s != none {
		t.copyWords(next, x.key(s))
	}
	x.leave(t, in)
	return s != none
}

// NextBucket is the first bucket at or behind from that holds an element.
func (x *table) NextBucket(from uint32) uint32 { return x.occupied.next(from) }

// ReadBucket copies bucket b whole, and empties it when remove is set.
func (x *table) ReadBucket(t *Task, b uint32, keys, values []byte, remove bool) int {
	if remove {
		return x.TakeBucket(t, b, keys, values, always{})
	}
	st := &x.stripes[x.number(b)]
	st.lock.Lock(t)
	n := x.copyBucket(st, b, keys, values)
	st.lock.Unlock()
	return n
}

// copyBucket counts bucket b's elements and copies them if they fit.
func (x *table) copyBucket(st *stripe, b uint32, keys, values []byte) int {
	n := x.length(x.head(st, b))
	if !x.fits(n, keys, values) {
		return n
	}
	for s := x.head(st, b); s != none; s = x.next(s) {
		keys = keys[copy(keys, x.key(s)):]
		values = values[copy(values, x.value(s)):]
	}
	return n
}

// fits tells whether n elements have room.
func (x *table) fits(n int, keys, values []byte) bool {
	return n <= len(keys)/int(x.spec.KeySize) && n <= len(values)/int(x.spec.ValueSize)
}

// reverse turns a chain round and returns its new head.
func (x *table) reverse(s slot) slot {
	behind := none
	for s != none {
		next := x.next(s)
		x.link(s, behind)
		s, behind = next, s
	}
	return behind
}

// length is the number of elements in a chain.
func (x *table) length(s slot) int {
	n := 0
	for ; s != none; s = x.next(s) {
		n++
	}
	return n
}

// last is the end of a chain.
func (x *table) last(s slot) slot {
	for next := x.next(s); next != none; next = x.next(s) {
		s = next
	}
	return s
}

// admit applies the flags NoExist and Exist (hashtab.c, check_flags).
func admit(present bool, flags uint64) abi.Errno {
	switch {
	case present && flags == abi.NoExist:
		return abi.EEXIST
	case !present && flags == abi.Exist:
		return abi.ENOENT
	}
	return abi.OK
}
