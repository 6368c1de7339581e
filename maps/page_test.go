package maps

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/abi"
)

// drawnLayouts are layouts with and without each part.
var drawnLayouts = []layout{
	settled, makeLayout(12, keys), makeLayout(72, keys), makeLayout(128, keys), makeLayout(2, keys), makeLayout(8, keys|slots),
	makeLayout(64, keys|slots),
}

// drawnPage is a page beside what it must hold: one byte of each element, of which all its parts are made, by bucket.
type drawnPage struct {
	page
	layout  layout
	buckets [pageBuckets][]byte
}

// content is the elements in order.
func (p *drawnPage) content() []byte { return slices.Concat(p.buckets[:]...) }

func (p *drawnPage) requireHolds(t require.TestingT) {
	all := p.content()
	require.Len(t, all, int(p.count))
	for at, b := range all {
		require.Equal(t, bytes.Repeat([]byte{b}, p.layout.cell), p.cell(uint32(at), p.layout))
		if p.layout.has(tags) {
			require.Equal(t, b, p.head(uint32(at), p.layout)[0])
		}
		if p.layout.has(slots) {
			require.Equal(t, slot(b)*slotFactor, p.slot(uint32(at), p.layout))
		}
	}
	end := uint32(0)
	for i, bucket := range p.buckets {
		from, to := p.bounds(uint32(i))
		require.Equal(t, end, from)
		end += uint32(len(bucket))
		require.Equal(t, end, to)
		if len(bucket) > 0 {
			require.Equal(t, uint32(i), p.bucketAt(0, from))
			require.Equal(t, uint32(i), p.bucketAt(uint32(i), to-1))
		}
	}
}

// step does one random thing to the page and to what it must hold.
func (p *drawnPage) step(t *rapid.T) {
	i := rapid.Uint32Range(0, pageBuckets-1).Draw(t, "bucket")
	if rapid.IntRange(0, 2).Draw(t, "crowded") == 0 {
		i = 7
	}
	bucket := p.buckets[i]
	n := rapid.IntRange(0, len(bucket)).Draw(t, "at")
	at := p.start(i) + uint32(n)
	switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
	case what < 6 || n == len(bucket):
		p.insertMany(t, i, []int{1, 1, 1, 1, 100}[rapid.IntRange(0, 4).Draw(t, "many")])
	case what < 8:
		b := rapid.Byte().Draw(t, "content")
		p.raise(p.start(i), at, p.layout)
		p.make(p.start(i), b)
		p.buckets[i] = append([]byte{b}, slices.Delete(bucket, n, n+1)...)
	case what == 8:
		k := rapid.IntRange(1, len(bucket)-n).Draw(t, "n")
		p.remove(i, at, uint32(k), p.layout)
		p.buckets[i] = slices.Delete(bucket, n, n+k)
	default:
		p.cutSome(t)
	}
}

func (p *drawnPage) insertMany(t *rapid.T, i uint32, n int) {
	for range n {
		p.add(i, rapid.Byte().Draw(t, "content"))
	}
}

// add makes an element in front of bucket i.
func (p *drawnPage) add(i uint32, b byte) {
	p.make(p.insert(i, p.layout), b)
	p.buckets[i] = append([]byte{b}, p.buckets[i]...)
}

// slotFactor makes a number of which each byte counts.
const slotFactor = 0x01020304

// make fills element at.
func (p *drawnPage) make(at uint32, b byte) {
	p.fill(at, b, slot(b)*slotFactor, p.layout)
	cell := p.cell(at, p.layout)
	for i := range cell {
		cell[i] = b
	}
}

// cutSome takes out elements of many buckets.
func (p *drawnPage) cutSome(t *rapid.T) {
	at := rapid.Uint32Range(0, p.count-1).Draw(t, "from")
	n := rapid.Uint32Range(1, p.count-at).Draw(t, "n")
	p.cut(at, n, p.layout)
	place := uint32(0)
	for i := range p.buckets {
		p.buckets[i] = slices.DeleteFunc(p.buckets[i], func(byte) bool {
			place++
			return place > at && place <= at+n
		})
	}
}

// Random changes keep every element in its bucket and in its order, in narrow and in wide pages.
func TestPage(t *testing.T) {
	widest := uint32(0)
	rapid.Check(t, func(t *rapid.T) {
		p := drawnPage{layout: rapid.SampledFrom(drawnLayouts).Draw(t, "layout")}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			p.step(t)
		}
		p.requireHolds(t)
		widest = max(widest, p.room)
	})
	require.Greater(t, widest, uint32(narrowRoom), "no page became a wide one")
}

// A page goes through all sizes: the room that a byte can number is used up before the page becomes wide.
func TestPageBecomesWide(t *testing.T) {
	for _, l := range drawnLayouts {
		p := drawnPage{layout: l}
		for n := range 1000 {
			i := uint32(n % pageBuckets)
			require.Equal(t, n > narrowRoom, p.wide())
			p.add(i, byte(n))
		}
		p.requireHolds(t)
	}
}

// Settling keeps the order of the walk, of wide pages too, the values, and forgets the memory of pages that became
// empty.
func TestSettle(t *testing.T) {
	for _, size := range []uint32{8, 200} { // in the page and outside
		h := newHash(Spec{Type: abi.Hash, KeySize: 4, ValueSize: size, MaxEntries: 5000, CPUs: 1})
		task := new(Task)
		for n := range uint32(2000) {
			require.Zero(t, h.Update(task, le4(n), valueFor(n, size), 0))
		}
		p := &h.near[0].Load()[3]
		for p.count > 0 {
			require.Zero(t, h.Delete(task, bytes.Clone(h.key(p, 0))))
		}
		before := keysOf(h)
		require.True(t, h.layout.has(keys))
		h.settleLive(task)
		require.False(t, h.layout.has(keys))
		require.Equal(t, before, keysOf(h))
		require.Len(t, before, int(h.pool.count()))
		for n := range uint32(2000) {
			require.Zero(t, h.Update(task, le4(n), valueFor(n, size), 0))
		}
		require.Len(t, keysOf(h), 2000)
	}
}

func valueFor(n, size uint32) []byte { return bytes.Repeat(le4(n), int(size/4)) }

func le4(n uint32) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)} }

// keysOf is the keys of the walk, each of which must have its value.
func keysOf(h *hash) (keys []uint32) {
	var key []byte
	next, value := make([]byte, 4), make([]byte, h.ValueBytes())
	for h.NextKey(new(Task), key, next) == 0 {
		key = bytes.Clone(next)
		n := binary.LittleEndian.Uint32(key)
		if h.Lookup(new(Task), key, value) != 0 || !bytes.Equal(value, valueFor(n, uint32(len(value)))) {
			return nil
		}
		keys = append(keys, n)
	}
	return keys
}

// A page that many elements have left gives memory back, and keeps the ones it has.
func TestPageShrinks(t *testing.T) {
	for _, l := range drawnLayouts {
		p := drawnPage{layout: l}
		for n := range 1000 {
			i := uint32(n % pageBuckets)
			p.add(i, byte(n))
		}
		for n := range 990 {
			i := uint32(n*7) % pageBuckets
			for len(p.buckets[i]) == 0 {
				i = (i + 1) % pageBuckets
			}
			p.remove(i, p.start(i), 1, l)
			p.buckets[i] = p.buckets[i][1:]
			require.LessOrEqual(t, int(p.room), most(int(p.count), l))
			require.LessOrEqual(t, len(p.block), most(int(p.count), l)*l.bytes()*5/4+wideBytes)
		}
		p.requireHolds(t)
		require.False(t, p.wide())
	}
}

// Pages and slots take at most 24 bytes an element beside key and value, in full maps and in maps half full, when their
// keys came and went. Elements of two cache lines take up to 8 more, by which the allocator rounds their pages up.
func TestPagesTakeLittleMemory(t *testing.T) {
	const entries = 20_000
	for size, beside := range map[uint32]int{8: 24, 64: 24, 96: 24, 124: 32, 256: 24} {
		for _, room := range []uint32{entries, 2 * entries} {
			h := newHash(Spec{Type: abi.Hash, KeySize: 4, ValueSize: size, MaxEntries: room, CPUs: 1})
			task, value := new(Task), make([]byte, size)
			for n := range uint32(5 * entries) {
				if n >= entries {
					require.Zero(t, h.Delete(task, le4(n-entries)))
				}
				require.Zero(t, h.Update(task, le4(n), value, 0))
			}
			require.LessOrEqual(t, h.bytes(), entries*(4+int(size)+beside), "values of %d bytes, %d of %d", size, entries, room)
		}
	}
}

// bytes is the memory of h's pages and slots.
func (h *hash) bytes() int {
	const pageBytes = 64
	slots := int(h.arena.unused - h.arena.first)
	n := slots * (int(h.spec.ValueSize) + slotBytes)
	for at := h.occupied.next(0); at <= h.pageNumber(h.mask); at = h.occupied.next(at + 1) {
		n += pageBytes + cap(h.get(at).block)
	}
	return n
}
