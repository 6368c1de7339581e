package maps

import "encoding/binary"

const (
	// pageBuckets is the most buckets that a page has: their places fill half of its cache line.
	pageBuckets = 32
	// narrowRoom is the most elements that a page can have as long as a byte says where a bucket begins.
	narrowRoom = 255
	wideBytes  = 4 * pageBuckets
)

// page is the elements of neighbouring buckets in the order of the walk: bucket after bucket, the newest first in
// each. So a walk reads memory in order, a dump copies pages as they are, and a chain is no chain of pointers. An
// element is a head and a cell (layout).
//
// Inserting moves the cells behind, on average half a page of them; that is cheaper than to fetch one line of memory.
// A page fills a cache line, and is all that has to be read to know where an element must be.
type page struct {
	starts [pageBuckets]uint8 // where each bucket begins, in elements, unless the page is wide
	count  uint32             // elements
	room   uint32             // elements that block has room for
	// block is room heads, then room cells, and at the end of a wide page's where each bucket begins.
	block []byte
}

// wide tells whether a byte is too small to number the elements, which takes many colliding keys.
func (p *page) wide() bool { return p.room > narrowRoom }

// wideStart is the memory of a wide page's number of where bucket i begins.
func (p *page) wideStart(i uint32) []byte { return p.block[len(p.block)-wideBytes+4*int(i):][:4] }

// start is where bucket i begins. Buckets that the page does not have begin at its end.
func (p *page) start(i uint32) uint32 {
	if p.wide() {
		return binary.LittleEndian.Uint32(p.wideStart(i))
	}
	return uint32(p.starts[i])
}

// bounds is where bucket i begins and ends.
func (p *page) bounds(i uint32) (from, to uint32) {
	if p.wide() {
		return p.wideBounds(i)
	}
	from, to = uint32(p.starts[i%pageBuckets]), p.count
	if i++; i < pageBuckets {
		to = uint32(p.starts[i])
	}
	return from, to
}

func (p *page) wideBounds(i uint32) (from, to uint32) {
	from, to = p.start(i), p.count
	if i++; i < pageBuckets {
		to = p.start(i)
	}
	return from, to
}

// bucketAt is the bucket that element at belongs to, which is bucket i or one behind it.
func (p *page) bucketAt(i, at uint32) uint32 {
	for i+1 < pageBuckets && p.start(i+1) <= at {
		i++
	}
	return i
}

// head is the head of element at, and cell its cell.
func (p *page) head(at uint32, l layout) []byte {
	from := int(at) * l.head
	return p.block[from : from+l.head : from+l.head]
}

func (p *page) cell(at uint32, l layout) []byte {
	from := int(p.room)*l.head + int(at)*l.cell
	return p.block[from : from+l.cell : from+l.cell]
}

// slot is the slot of element at.
func (p *page) slot(at uint32, l layout) slot {
	head := p.head(at, l)
	return slotIn(head[len(head)-slotBytes:])
}

// fill fills the head of element at.
func (p *page) fill(at uint32, tag byte, s slot, l layout) {
	head := p.head(at, l)
	if l.has(tags) {
		head[0] = tag
	}
	if l.has(slots) {
		putSlot(head[len(head)-slotBytes:], s)
	}
}

// heads and cells are those of n elements from at on.
func (p *page) heads(at, n uint32, l layout) []byte { return p.block[int(at)*l.head:][:int(n)*l.head] }

func (p *page) cells(at, n uint32, l layout) []byte {
	from := int(p.room)*l.head + int(at)*l.cell
	return p.block[from:][:int(n)*l.cell]
}

// slide moves n elements from one place to another.
func (p *page) slide(to, from, n uint32, l layout) {
	if l.head != 0 {
		copy(p.heads(to, n, l), p.heads(from, n, l))
	}
	if l.cell != 0 {
		copy(p.cells(to, n, l), p.cells(from, n, l))
	}
}

// insert makes an element in front of bucket i and returns its place, to be filled.
func (p *page) insert(i uint32, l layout) (at uint32) {
	if p.count == p.room {
		p.fit(l)
	}
	at = p.start(i)
	p.slide(at+1, at, p.count-at, l)
	p.count++
	p.push(i, 1)
	return at
}

// raise moves element at to place to, which is in front of it, and leaves it to be filled.
func (p *page) raise(to, at uint32, l layout) { p.slide(to+1, to, at-to, l) }

// remove takes out n elements of bucket i, from at on.
func (p *page) remove(i, at, n uint32, l layout) {
	p.close(at, n, l)
	p.push(i, -int(n))
	if p.wasteful(l) {
		p.fit(l)
	}
}

// cut takes out n elements from at on, whatever buckets they belong to.
func (p *page) cut(at, n uint32, l layout) {
	for i := uint32(0); i < pageBuckets; i++ {
		if start := p.start(i); start > at {
			p.setStart(i, start-min(start-at, n))
		}
	}
	p.close(at, n, l)
}

// close moves what stands behind n elements over them.
func (p *page) close(at, n uint32, l layout) {
	p.slide(at, at+n, p.count-at-n, l)
	p.count -= n
}

// ones is a 1 in each byte.
const ones uint64 = 0x0101010101010101

// push moves where the buckets behind bucket i begin by n elements, eight buckets at a time, and without a branch that
// depends on i, since the processor could only guess it.
func (p *page) push(i uint32, n int) {
	if p.wide() {
		p.pushWide(i, n)
		return
	}
	by, from := ones*uint64(n), 8*(i+1)
	p.pushEight(0, by<<from)
	p.pushEight(8, by<<(max(from, 64)-64))
	p.pushEight(16, by<<(max(from, 128)-128))
	p.pushEight(24, by<<(max(from, 192)-192))
}

// pushEight adds each byte of by to where a bucket begins, from bucket i on.
func (p *page) pushEight(i int, by uint64) {
	eight := p.starts[i : i+8]
	binary.LittleEndian.PutUint64(eight, binary.LittleEndian.Uint64(eight)+by)
}

func (p *page) pushWide(i uint32, n int) {
	for i++; i < pageBuckets; i++ {
		p.setStart(i, p.start(i)+uint32(n))
	}
}

func (p *page) setStart(i, at uint32) {
	if p.wide() {
		binary.LittleEndian.PutUint32(p.wideStart(i), at)
		return
	}
	p.starts[i] = uint8(at)
}

// What a page may have too much, in bytes an element: it grows by so much that growBytes are unused, but by growLeast()
// elements, and shrinks when more than shrinkBytes and keepLeast() elements are. Between the two, elements come and go
// without the page getting other memory. Numbers of slots, here and behind free ones, are of the same allowance.
const (
	growBytes   = 10
	shrinkBytes = 20
	// largeCell is the largest cell of which a page may have several unused whatever it holds.
	largeCell = 64
)

// growBytes and shrinkBytes are what is left of these for unused room.
func (l layout) growBytes() int {
	if l.has(slots) {
		return growBytes - slotBytes
	}
	return growBytes
}

func (l layout) shrinkBytes() int {
	if l.has(slots) {
		return shrinkBytes - 3*slotBytes
	}
	return shrinkBytes
}

// growLeast is the least that a page grows by, in elements.
func (l layout) growLeast() int {
	if l.cell > largeCell {
		return 1
	}
	return 2
}

// keepLeast is the least that a page keeps unused, in elements.
func (l layout) keepLeast() int {
	if l.cell > largeCell {
		return 1
	}
	return 4
}

// enlarged is the room for n elements and those that come next.
func enlarged(n int, l layout) int {
	return n + max(l.growLeast(), min(n/2, n*l.growBytes()/l.bytes()))
}

// most is the most room that a page with n elements keeps.
func most(n int, l layout) int { return n + l.keepLeast() + n*l.shrinkBytes()/l.bytes() }

// wasteful tells whether the page has more room than that, without a division.
func (p *page) wasteful(l layout) bool {
	return (int(p.room)-int(p.count)-l.keepLeast())*l.bytes() > int(p.count)*l.shrinkBytes()
}

// fit gives the page the room that its elements need.
func (p *page) fit(l layout) {
	next := p.resized(l)
	copy(next.heads(0, p.count, l), p.heads(0, p.count, l))
	copy(next.cells(0, p.count, l), p.cells(0, p.count, l))
	*p = next
}

// resized is a page with the buckets of p, and room for as many elements and those that come next in another layout.
func (p *page) resized(l layout) page {
	next := page{count: p.count}
	n := int(p.count)
	room, limit, ends := enlarged(n, l), most(n, l), wideBytes
	if n < narrowRoom {
		room, limit, ends = min(room, narrowRoom), min(limit, narrowRoom), 0
	}
	block := append([]byte(nil), make([]byte, room*l.bytes()+ends)...)
	next.block = block[:cap(block)] // what the allocator rounds up to is used too
	next.room = uint32(min((len(next.block)-ends)/l.bytes(), limit))
	for i := uint32(0); i < pageBuckets; i++ {
		next.setStart(i, p.start(i))
	}
	return next
}
