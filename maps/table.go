package maps

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/bpfsim/bpfsim/abi"
)

// table is the hash table that the hash types share (hashtab.c): buckets in ascending order, newest element first in
// each. What differs is where elements come from and go to, which is behind recycler.
type table struct {
	spec Spec
	seed uint32
	mask uint32 // buckets - 1
	// shift is log2 of the buckets in a page. Maps of up to 64 buckets have one in each.
	shift uint8
	guard
	index
	occupied   *bitmap // pages that hold an element
	valueBytes int     // of a value as user space sees it
	layout     layout  // of the elements
	arena      arena
	free       recycler
	// leaves is told each value that a sweep takes out, with its page locked: programs can write where it is copied to. It
	// is nil where values are only bytes.
	leaves func(value []byte)
	// left is where elements lead that left their buckets while a Scheduler watched.
	left map[slot]slot
}

// recycler takes back elements that left the table, by their slots, or none while it is packed. It is called without
// any bucket's lock.
type recycler interface {
	give(t *Task, s slot)
	// giveAll takes back the n elements of a chain as give would one after the other, from the last to the first.
	giveAll(t *Task, first, last slot, n int)
}

// init makes the table an empty one; first is its first slot, and limit how many it may ever use.
func (x *table) init(spec Spec, l layout, first slot, limit int, free recycler) {
	buckets := bucketCount(spec.MaxEntries)
	x.spec, x.mask, x.free = spec, buckets-1, free
	x.layout, x.valueBytes = l, valueBytes(spec)
	if spec.Flags&abi.FlagZeroSeed == 0 {
		x.seed = spec.Seed
	}
	x.guard = makeGuard(buckets, spec.CPUs)
	for x.pageNumber(buckets) > uint32(len(x.stripes)) && 1<<x.shift < pageBuckets {
		x.shift++
	}
	x.index = newIndex(x.pageNumber(buckets), uint32(len(x.stripes)))
	x.occupied = newBitmap(x.pageNumber(buckets))
	x.arena.init(spec, first, limit)
	if !x.layout.has(keys) {
		x.arena.keepKeys(spec)
	}
}

// bucketCount is max entries rounded up to a power of two.
func bucketCount(entries uint32) uint32 { return 1 << bits.Len32(entries-1) }

func (x *table) Spec() Spec      { return x.spec }
func (x *table) ValueBytes() int { return x.valueBytes }
func (x *table) Buckets() uint32 { return x.mask + 1 }

func (x *table) hash(key []byte) uint32 { return jhash(key, x.seed) }

// pageNumber is the number of the page that bucket b is in. The remainder tells the compiler that no bit is shifted
// farther than a register is wide.
func (x *table) pageNumber(b uint32) uint32 { return b >> (x.shift % 32) }

// firstOf is the first bucket of page number n.
func (x *table) firstOf(n uint32) uint32 { return n << (x.shift % 32) }

// inPage is the number of bucket b in its page.
func (x *table) inPage(b uint32) uint32 { return b &^ (^uint32(0) << (x.shift % 32)) }

// pageOf is the page of bucket b, and the bucket's number in it.
func (x *table) pageOf(b uint32) (p *page, i uint32) { return x.get(x.pageNumber(b)), x.inPage(b) }

// tag is the part of a hash that an element's tag holds: bits that the numbers of few maps' buckets depend on.
func tag(hash uint32) byte { return byte(hash >> 24) }

// key is the key of element at.
func (x *table) key(p *page, at uint32) []byte {
	if x.layout.has(keys) {
		return p.cell(at, x.layout)[:x.spec.KeySize]
	}
	return x.arena.key(p.slot(at, x.layout))
}

// value is the value of element at.
func (x *table) value(p *page, at uint32) []byte {
	if x.layout.has(slots) {
		return x.arena.value(p.slot(at, x.layout))
	}
	return p.cell(at, x.layout)[x.spec.KeySize:]
}

// slot is the slot of element at, none where elements have none.
func (x *table) slot(p *page, at uint32) slot {
	if x.layout.has(slots) {
		return p.slot(at, x.layout)
	}
	return none
}

// fill makes element at that with this hash, key and value, in slot s.
func (x *table) fill(p *page, at uint32, hash uint32, s slot, key, value []byte) {
	if x.layout.head != 0 {
		p.fill(at, tag(hash), s, x.layout)
	}
	inside()
	switch cell := p.cell(at, x.layout); {
	case !x.layout.has(slots):
		put(cell, key)
		put(cell[len(key):], value)
	case x.layout.has(keys):
		put(cell, key)
		put(x.arena.value(s), value)
	default:
		x.arena.fill(s, key, value)
	}
}

// find is the element with key, whose hash it is, among those of its bucket.
func (x *table) find(hash uint32, key []byte) (p *page, at uint32, found bool) {
	p, i := x.pageOf(hash & x.mask)
	at, to := p.bounds(i)
	if at == to {
		return p, at, false
	}
	l := x.layout
	if l.has(tags) {
		for from := int(at) * l.head; at < to; at++ {
			if p.block[from] == tag(hash) && equal(x.key(p, at), key) {
				return p, at, true
			}
			from += l.head
		}
		return p, at, false
	}
	// Without heads, the block is keys and values.
	for cells := p.block[int(at)*l.cell:]; at < to; at++ {
		if equal(cells[:len(key)], key) {
			return p, at, true
		}
		cells = cells[l.cell:]
	}
	return p, at, false
}

// equal is bytes.Equal of keys of one size, without a call for the most common ones.
func equal(a, b []byte) bool {
	switch len(a) {
	case 4:
		return binary.LittleEndian.Uint32(a) == binary.LittleEndian.Uint32(b)
	case 8:
		return binary.LittleEndian.Uint64(a) == binary.LittleEndian.Uint64(b)
	case 16:
		return [16]byte(a) == [16]byte(b)
	}
	return bytes.Equal(a, b)
}

// put is copy without a call for the most common sizes.
func put(to, from []byte) {
	switch {
	case len(from) == 8 && len(to) >= 8:
		binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(from))
	case len(from) == 4 && len(to) >= 4:
		binary.LittleEndian.PutUint32(to, binary.LittleEndian.Uint32(from))
	case len(from) == 16 && len(to) >= 16:
		*(*[16]byte)(to) = [16]byte(from)
	default:
		copy(to, from)
	}
}

// replace moves element at to the front of its bucket and returns its place, to be filled as another one in slot s.
func (x *table) replace(t *Task, p *page, hash, at uint32, s slot) (first uint32) {
	if t.Scheduler != nil {
		x.touchChain(t, hash&x.mask, false)
		t.Touch(write(Links, uint64(s)))
		x.unlink(t, p, hash&x.mask, at, at+1)
	}
	first = p.start(x.inPage(hash & x.mask))
	if at != first {
		p.raise(first, at, x.layout)
	}
	return first
}

// insert makes a newest element of its bucket, in page p, and returns its page and place, to be filled, in slot s.
func (x *table) insert(t *Task, p *page, hash uint32, s slot) (*page, uint32) {
	b := hash & x.mask
	from, to := p.bounds(x.inPage(b))
	x.touchChain(t, b, from == to)
	t.Touch(write(Links, uint64(s)))
	if p == &noPage {
		p = x.touch(x.pageNumber(b))
	}
	if p.count == 0 {
		x.occupied.add(x.pageNumber(b))
	}
	return p, p.insert(x.inPage(b), x.layout)
}

// remove takes out n elements of bucket b, from at on.
func (x *table) remove(t *Task, p *page, b, at, n uint32) {
	from, to := p.bounds(x.inPage(b))
	x.touchChain(t, b, to-from == n)
	if t.Scheduler != nil {
		x.unlink(t, p, b, at, at+n)
	}
	p.remove(x.inPage(b), at, n, x.layout)
	x.vacate(p, b)
}

// vacate notes that the page of bucket b is empty, if it is.
func (x *table) vacate(p *page, b uint32) {
	if p.count == 0 {
		x.occupied.remove(x.pageNumber(b))
	}
}

// Lookup copies key's value.
func (x *table) Lookup(t *Task, key, value []byte) abi.Errno {
	hash := x.hash(key)
	in := x.enter(t, hash&x.mask)
	p, at, found := x.find(hash, key)
	if found {
		t.copyWords(value, x.value(p, at), memory(Values, x.slot(p, at), false))
	}
	x.leave(t, in)
	if !found {
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
	hash := x.hash(key)
	b := hash & x.mask
	st := x.lock(t, b)
	p, at, found := x.find(hash, key)
	if !found {
		x.unlock(st)
		return abi.ENOENT
	}
	if value != nil {
		x.touchValues(t, p, at, at+1)
		put(value, x.value(p, at))
	}
	s := x.slot(p, at)
	x.remove(t, p, b, at, 1)
	x.unlock(st)
	x.free.give(t, s)
	return abi.OK
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
