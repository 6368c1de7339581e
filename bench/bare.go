package bench

import (
	"math/rand/v2"

	"github.com/bpfsim/bpfsim/internal/prefetch"
)

// bare is a full HASH without the map: its memory, and loops that make the accesses and copies that calls make, as the
// elements lie (maps/layout.go): those of a page together, pages and the values of large elements anywhere.
type bare struct {
	shape
	lines         []byte // a line of cache for each page
	cells         []byte // keys, and values of elements that are not large
	cell          int    // bytes
	blocks        []int  // where the cells of each page are
	values, links []byte // of large elements
	order         []uint32
	at            int
	elem, absent  *looks
	out           []byte
	seen          byte // so that nothing is left out
}

const (
	line = 64
	// perPage is the number of elements in a page of a full map: 32 buckets, of which there are 1.31 for an element where
	// there are 100,000.
	perPage = 24
	// largest is the size of an element that is not large, in bytes.
	largest = 128
)

func newBare(s shape) *bare { return newBareOf(s, s.record() > largest) }

// newBareOf is newBare of elements whose values are apart from their keys, or not.
func newBareOf(s shape, apart bool) *bare {
	pages := (s.entries + perPage - 1) / perPage
	b := &bare{shape: s, lines: filled(pages * line), cell: s.record(), out: filled(s.entries * s.record())}
	records := [][2]int{{line, pages}}
	if apart {
		b.cell = s.key
		b.values, b.links = filled(s.entries*s.value), filled(4*s.entries)
		records = append(records, [2]int{s.key, s.entries}, [2]int{s.value, s.entries})
	} else {
		records = append(records, [2]int{b.cell, s.entries})
	}
	b.cells = filled(pages * perPage * b.cell)
	for _, at := range rand.New(rand.NewPCG(2, 2)).Perm(pages) {
		b.blocks = append(b.blocks, at*perPage*b.cell)
	}
	b.elem = newLooks(s.entries, s.value, records...)
	b.order = b.elem.order
	b.absent = newLooks(s.entries, 4, records[:1]...)
	return b
}

func (b *bare) hit(n int)  { b.elem.read(n) }
func (b *bare) miss(n int) { b.absent.look(n) }
func (b *bare) set(n int)  { b.elem.write(n) }

// filled is memory that was written to, since only then it is there.
func filled(n int) []byte {
	memory := make([]byte, n)
	for i := range memory {
		memory[i] = 1
	}
	return memory
}

// next copies keys in the order of the walk.
func (b *bare) next(n int) {
	for range n {
		copy(b.elem.out[:4], b.cellAt(b.at)[:b.key])
		if b.at++; b.at == b.entries {
			b.at = 0
		}
	}
}

// cellAt is the cell of the element that comes at that place in the walk.
func (b *bare) cellAt(at int) []byte { return b.block(at / perPage)[at%perPage*b.cell:] }

// block is the cells of a page.
func (b *bare) block(page int) []byte { return b.cells[b.blocks[page]:][:perPage*b.cell] }

// swap writes an element, behind moving half of its page twice, and the page's line.
func (b *bare) swap(n int) {
	for range n {
		b.elem.write(1)
		page := int(b.order[b.elem.at]) / perPage
		half := b.block(page)[:perPage/2*b.cell]
		copy(half, half[b.cell:])
		copy(half[b.cell:], half)
		b.lines[page*line]++
	}
}

// dump copies n elements or more, page by page, as records, and batch as keys and values.
func (b *bare) dump(n int) {
	for done := 0; done < n; done += b.entries {
		b.copyAll()
	}
}

func (b *bare) batch(n int) {
	for done := 0; done < n; done += b.entries {
		b.splitAll()
	}
}

func (b *bare) copyAll() {
	if b.values != nil {
		b.gather(b.out, b.out[b.key:], b.record(), b.record())
		return
	}
	out := b.out
	for page := range b.blocks {
		b.seen += b.lines[page*line]
		prefetch.Lines(b.block(min(page+1, len(b.blocks)-1)))
		out = out[copy(out, b.block(page)):]
	}
}

func (b *bare) splitAll() { b.gather(b.out, b.out[b.entries*b.key:], b.key, b.value) }

// gather copies keys and values to places of their own, so many bytes apart.
func (b *bare) gather(keys, values []byte, keyStep, valueStep int) {
	for page := range b.blocks {
		b.seen += b.lines[page*line]
		first := page * perPage
		cells := b.block(page)
		prefetch.Lines(b.block(min(page+1, len(b.blocks)-1)))
		for i := first; i < min(first+perPage, b.entries); i++ {
			value := cells[b.key:b.cell]
			if b.values != nil {
				value = b.valueOf(i)
				b.fetch(i + ahead)
			}
			copy(keys[i*keyStep:], cells[:b.key])
			copy(values[i*valueStep:], value)
			cells = cells[b.cell:]
		}
	}
}

func (b *bare) valueOf(i int) []byte { return b.values[int(b.order[i])*b.value:][:b.value] }

// ahead is how many elements before its copy a value is asked for.
const ahead = 12

// fetch asks for a value that is copied later.
func (b *bare) fetch(i int) {
	if i < b.entries {
		prefetch.Lines(b.valueOf(i))
	}
}

// refill writes all elements, one here and one there, as insertions do.
func (b *bare) refill() {
	for _, i := range b.order {
		b.cellAt(int(i))[0] = 1
		if b.values != nil {
			clear(b.values[int(i)*b.value:][:b.value])
		}
	}
}

// take is dump of all, or batch, that notes in each page's line that it is empty, and for each large element that its memory is
// free.
func (b *bare) take(int) {
	b.copyAll()
	b.leave()
}

func (b *bare) takeBatch(int) {
	b.splitAll()
	b.leave()
}

func (b *bare) leave() {
	for at := 0; at < len(b.lines); at += line {
		clear(b.lines[at:][:line])
	}
	for i := 0; b.values != nil && i < b.entries; i++ {
		putUint32(b.links[4*b.order[i]:], i)
	}
}
