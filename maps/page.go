package maps

import "encoding/binary"

const (
	// pageBuckets is the most buckets that a page has: their places fill half of its cache line.
	pageBuckets = 32
	// narrowRoom is the most cells that a page can have as long as a byte says where a bucket begins.
	narrowRoom = 255
	wideBytes  = 4 * pageBuckets
)

// page is the elements of neighbouring buckets in the order of the walk: bucket after bucket, the newest first in
// each. So a walk reads memory in order, a dump copies pages as they are, and a chain is no chain of pointers. An
// element is a cell.
//
// Inserting moves the cells behind, on average half a page of them; that is cheaper than to fetch one line of memory.
// A page fills a cache line, and is all that has to be read to know where an element must be.
type page struct {
	starts [pageBuckets]uint8 // where each bucket begins, in cells, unless the page is wide
	count  uint32             // cells in use
	room   uint32             // cells in block
	// block is room tags, then room cells, and at the end of a wide page's where each bucket begins.
	block []byte
}

// wide tells whether a byte is too small to number the cells, which takes many colliding keys.
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
	if to = p.count; i+1 < pageBuckets {
		to = p.start(i + 1)
	}
	return p.start(i), to
}

// bucketAt is the bucket that cell at belongs to.
func (p *page) bucketAt(at uint32) uint32 {
	i := uint32(pageBuckets - 1)
	for p.start(i) > at {
		i--
	}
	return i
}

// cell is the content of cell at.
func (p *page) cell(at uint32, l layout) []byte {
	from := int(p.room)*l.tag + int(at)*l.cell
	return p.block[from : from+l.cell : from+l.cell]
}

// cells is the content of n cells from at on.
func (p *page) cells(at, n uint32, l layout) []byte {
	from := int(p.room)*l.tag + int(at)*l.cell
	return p.block[from:][:int(n)*l.cell]
}

// slide moves n elements from one place to another.
func (p *page) slide(to, from, n uint32, l layout) {
	if l.tag != 0 {
		copy(p.block[to:to+n], p.block[from:from+n])
	}
	copy(p.cells(to, n, l), p.cells(from, n, l))
}

// setTag stores the tag of cell at.
func (p *page) setTag(at uint32, tag byte, l layout) {
	if l.tag != 0 {
		p.block[at] = tag
	}
}

// insert makes a cell in front of bucket i and returns it, to be filled.
func (p *page) insert(i uint32, tag byte, l layout) []byte {
	if p.count == p.room {
		p.grow(l)
	}
	at := p.start(i)
	p.slide(at+1, at, p.count-at, l)
	p.setTag(at, tag, l)
	p.count++
	p.push(i, 1)
	return p.cell(at, l)
}

// raise moves cell at to place to, which is in front of it, and leaves the content of that one to be filled.
func (p *page) raise(to, at uint32, tag byte, l layout) {
	p.slide(to+1, to, at-to, l)
	p.setTag(to, tag, l)
}

// remove takes out n cells of bucket i, from at on.
func (p *page) remove(i, at, n uint32, l layout) {
	p.close(at, n, l)
	p.push(i, -int(n))
}

// cut takes out n cells from at on, whatever buckets they belong to.
func (p *page) cut(at, n uint32, l layout) {
	for i := uint32(0); i < pageBuckets; i++ {
		if start := p.start(i); start > at {
			p.setStart(i, start-min(start-at, n))
		}
	}
	p.close(at, n, l)
}

// close moves what stands behind n cells over them.
func (p *page) close(at, n uint32, l layout) {
	p.slide(at, at+n, p.count-at-n, l)
	p.count -= n
}

// ones is a 1 in each byte.
const ones = 0x0101010101010101

// push moves where the buckets behind bucket i begin by n cells, eight buckets at a time.
func (p *page) push(i uint32, n int) {
	if p.wide() {
		p.pushWide(i, n)
		return
	}
	behind := i + 1
	by := uint64(ones) << (8 * (behind % 8)) * uint64(n)
	for at := behind &^ 7; at < pageBuckets; at += 8 {
		word := p.starts[at : at+8]
		binary.LittleEndian.PutUint64(word, binary.LittleEndian.Uint64(word)+by)
		by = ones * uint64(n)
	}
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

// Room that a page grows by: at least growCells, and so many that what is unused takes some growBytes for each cell.
const (
	firstRoom = 4
	growCells = 2
	growBytes = 16
)

// grow makes room for more cells.
func (p *page) grow(l layout) {
	room := firstRoom
	if p.room > 0 {
		room = int(p.room) + max(growCells, min(int(p.room)/2, int(p.room)*growBytes/l.bytes()))
	}
	next := p.resized(room, l)
	next.copyCells(p, l)
	*p = next
}

// resized is an empty page with the buckets of p and room for at least so many cells.
func (p *page) resized(room int, l layout) page {
	next := page{count: p.count, starts: p.starts}
	if room > narrowRoom && p.room < narrowRoom {
		room = narrowRoom
	}
	bytes := room * l.bytes()
	if room > narrowRoom {
		bytes += wideBytes
	}
	// What the allocator rounds up to is used too.
	block := append([]byte(nil), make([]byte, bytes)...)
	next.block = block[:cap(block)]
	next.room = uint32((len(next.block) - (bytes - room*l.bytes())) / l.bytes())
	if room <= narrowRoom {
		next.room = min(next.room, narrowRoom)
	}
	for i := uint32(0); next.wide() && i < pageBuckets; i++ {
		next.setStart(i, p.start(i))
	}
	return next
}

// copyCells copies all elements from a page with the same layout.
func (p *page) copyCells(from *page, l layout) {
	copy(p.block, from.block[:int(p.count)*l.tag])
	copy(p.cells(0, p.count, l), from.cells(0, p.count, l))
}
