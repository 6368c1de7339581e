package maps

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/abi"
)

// drawnPage is a page beside what it must hold: the first byte of each cell, which is its tag too, by bucket.
type drawnPage struct {
	page
	layout  layout
	buckets [pageBuckets][]byte
}

// content is what all cells of the page from at on must start with.
func (p *drawnPage) content() []byte { return slices.Concat(p.buckets[:]...) }

func (p *drawnPage) requireHolds(t require.TestingT) {
	all := p.content()
	require.Len(t, all, int(p.count))
	for at, first := range all {
		require.Equal(t, bytes.Repeat([]byte{first}, p.layout.cell), p.cell(uint32(at), p.layout))
		if p.layout.tag != 0 {
			require.Equal(t, first, p.block[at])
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
		first := bucket[n]
		p.raise(p.start(i), at, first, p.layout)
		fillCell(p.cell(p.start(i), p.layout), first)
		p.buckets[i] = append([]byte{first}, slices.Delete(bucket, n, n+1)...)
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
		first := rapid.Byte().Draw(t, "content")
		fillCell(p.insert(i, first, p.layout), first)
		p.buckets[i] = append([]byte{first}, p.buckets[i]...)
	}
}

// cutSome takes out cells of many buckets.
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

func fillCell(cell []byte, b byte) {
	for i := range cell {
		cell[i] = b
	}
}

// Random changes keep every element in its bucket and in its order, in narrow and in wide pages.
func TestPage(t *testing.T) {
	widest := uint32(0)
	rapid.Check(t, func(t *rapid.T) {
		p := drawnPage{layout: rapid.SampledFrom([]layout{slots, {cell: 12}, {cell: 72, tag: 1}, {cell: 2}}).Draw(t, "layout")}
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
	for _, l := range []layout{slots, {cell: 12}, {cell: 80, tag: 1}} {
		p := drawnPage{layout: l}
		for n := range 1000 {
			i := uint32(n % pageBuckets)
			require.Equal(t, n > narrowRoom, p.wide())
			fillCell(p.insert(i, byte(n), l), byte(n))
			p.buckets[i] = append([]byte{byte(n)}, p.buckets[i]...)
		}
		p.requireHolds(t)
	}
}

// Settling keeps the order of the walk, of wide pages too, and forgets the memory of pages that became empty.
func TestSettle(t *testing.T) {
	h := newHash(Spec{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 5000, CPUs: 1})
	task, value := new(Task), make([]byte, 8)
	var order [2][]byte
	for n := range uint32(2000) {
		require.Zero(t, h.Update(task, le4(n), value, 0))
	}
	p := &h.near[0].Load()[3]
	for p.count > 0 {
		require.Zero(t, h.Delete(task, bytes.Clone(h.key(p, 0))))
	}
	order[0] = keysOf(h)
	require.True(t, h.packed)
	h.settleLive(task)
	require.False(t, h.packed)
	order[1] = keysOf(h)
	require.Len(t, order[0], 4*int(h.pool.count()))
	require.Equal(t, order[0], order[1])
	for n := range uint32(2000) {
		require.Zero(t, h.Update(task, le4(n), value, 0))
	}
	require.Len(t, keysOf(h), 4*2000)
}

func le4(n uint32) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)} }

// keysOf is the keys of the walk.
func keysOf(h *hash) (keys []byte) {
	var key []byte
	next := make([]byte, 4)
	for h.NextKey(new(Task), key, next) == 0 {
		key = bytes.Clone(next)
		keys = append(keys, next...)
	}
	return keys
}

// A page that many elements have left gives memory back, and keeps the ones it has.
func TestPageShrinks(t *testing.T) {
	for _, l := range []layout{slots, {cell: 12}, {cell: 80, tag: 1}} {
		p := drawnPage{layout: l}
		for n := range 1000 {
			i := uint32(n % pageBuckets)
			fillCell(p.insert(i, byte(n), l), byte(n))
			p.buckets[i] = append([]byte{byte(n)}, p.buckets[i]...)
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
