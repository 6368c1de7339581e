package maps_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// chains is what a hash map must hold, written down in the plainest way: a list of elements, newest first, a bucket.
type chains struct {
	spec    maps.Spec
	drainer maps.Drainer
	buckets [][]element
	held    int
}

type element struct{ key, value []byte }

func (c *chains) bucket(key []byte) *[]element { return &c.buckets[c.drainer.BucketOf(key)] }

func place(bucket []element, key []byte) int {
	return slices.IndexFunc(bucket, func(e element) bool { return bytes.Equal(e.key, key) })
}

func (c *chains) update(key, value []byte, flags uint64) abi.Errno {
	bucket := c.bucket(key)
	at := place(*bucket, key)
	switch {
	case at >= 0 && flags == abi.NoExist:
		return abi.EEXIST
	case at < 0 && flags == abi.Exist:
		return abi.ENOENT
	case at < 0 && c.held == int(c.spec.MaxEntries):
		return abi.E2BIG
	case at < 0:
		c.held++
	default:
		*bucket = slices.Delete(*bucket, at, at+1)
	}
	*bucket = slices.Insert(*bucket, 0, element{bytes.Clone(key), bytes.Clone(value)})
	return abi.OK
}

func (c *chains) remove(key []byte) (value []byte, errno abi.Errno) {
	bucket := c.bucket(key)
	at := place(*bucket, key)
	if at < 0 {
		return make([]byte, c.spec.ValueSize), abi.ENOENT
	}
	value = (*bucket)[at].value
	*bucket = slices.Delete(*bucket, at, at+1)
	c.held--
	return value, abi.OK
}

// from is the elements of the walk from a bucket on.
func (c *chains) from(bucket uint32) []element {
	return slices.Concat(c.buckets[min(int(bucket), len(c.buckets)):]...)
}

// behind is what the walk gives behind key: everything, if key is not there.
func (c *chains) behind(key []byte) []element {
	b := c.drainer.BucketOf(key)
	if at := place(c.buckets[b], key); at >= 0 {
		return slices.Concat(c.buckets[b][at+1:], c.from(b+1))
	}
	return c.from(0)
}

// drop forgets the first n elements from a bucket on.
func (c *chains) drop(bucket uint32, n int) {
	c.held -= n
	for ; n > 0; bucket++ {
		k := min(n, len(c.buckets[bucket]))
		c.buckets[bucket] = c.buckets[bucket][k:]
		n -= k
	}
}

// pair is a map and what it must hold.
type pair struct {
	chains
	store
	sweeper *maps.Sweeper
}

func newPair(t testing.TB, spec maps.Spec) *pair {
	m := must(t, spec)
	p := &pair{store: m.(store), sweeper: m.(maps.Swept).Sweeper()}
	p.spec, p.drainer = spec, m.(maps.Drainer)
	p.buckets = make([][]element, p.Buckets())
	return p
}

func (p *pair) key(i uint32) []byte {
	key := make([]byte, p.spec.KeySize)
	binary.NativeEndian.PutUint32(key, i)
	return key
}

// step does one drawn thing to both.
func (p *pair) step(t *rapid.T) {
	key := p.key(rapid.Uint32Range(0, 2*p.spec.MaxEntries).Draw(t, "key"))
	value := bytes.Repeat([]byte{rapid.Byte().Draw(t, "value")}, int(p.spec.ValueSize))
	got := make([]byte, p.spec.ValueSize)
	switch rapid.IntRange(0, 6).Draw(t, "what") {
	case 0, 1:
		flags := rapid.Uint64Range(0, 2).Draw(t, "flags")
		require.Equal(t, p.update(key, value, flags), p.Update(on(0), key, value, flags))
	case 2:
		want, errno := p.remove(key)
		require.Equal(t, errno, p.LookupAndDelete(on(0), key, got))
		require.Equal(t, want, got)
	case 3:
		p.crowd(t)
	case 4:
		p.read(t, key)
	default:
		p.sweep(t, key)
	}
}

// crowd inserts many elements.
func (p *pair) crowd(t *rapid.T) {
	first := rapid.Uint32Range(0, p.spec.MaxEntries).Draw(t, "first")
	for i := range rapid.Uint32Range(0, p.spec.MaxEntries/2).Draw(t, "n") {
		key, value := p.key(first+i), make([]byte, p.spec.ValueSize)
		require.Equal(t, p.update(key, value, abi.Any), p.Update(on(0), key, value, abi.Any))
	}
}

// read asks for single keys and for a bucket.
func (p *pair) read(t *rapid.T, key []byte) {
	next := make([]byte, len(key))
	errno := p.NextKey(on(0), key, next)
	if rest := p.behind(key); len(rest) > 0 {
		require.Equal(t, abi.OK, errno)
		require.Equal(t, rest[0].key, next)
	} else {
		require.Equal(t, abi.ENOENT, errno)
	}
	b := p.drainer.BucketOf(key)
	bucket := p.buckets[b]
	keys, values := make([]byte, len(bucket)*len(key)), make([]byte, len(bucket)*int(p.spec.ValueSize))
	require.Equal(t, len(bucket), p.ReadBucket(on(0), b, keys, values, false))
	requireElements(t, bucket, keys, values)
	next32 := b
	for next32 < p.Buckets() && len(p.buckets[next32]) == 0 {
		next32++
	}
	require.Equal(t, next32, p.NextBucket(new(maps.Task), b))
}

// sweep copies or removes many elements.
func (p *pair) sweep(t *rapid.T, key []byte) {
	room := rapid.IntRange(0, 200).Draw(t, "room")
	s := &maps.Sweep{Bucket: p.drainer.BucketOf(key)}
	s.Keys, s.Values = make([]byte, room*len(key)), make([]byte, room*int(p.spec.ValueSize))
	want := p.from(s.Bucket)
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		s.After, want = key, p.behind(key)
	case 1:
		s.Whole = true
	case 2:
		s.Remove = true
	default:
		s.Whole, s.Remove = true, true
	}
	first := s.Bucket
	n := p.sweepAll(t, s, want)
	if s.Whole {
		require.Equal(t, p.wholeBuckets(first, room), n)
	} else {
		require.Equal(t, min(room, len(want)), n)
	}
	if s.Remove {
		p.drop(first, n)
	}
}

// sweepAll sweeps as long as there is something to copy, which must be the first of want.
func (p *pair) sweepAll(t require.TestingT, s *maps.Sweep, want []element) (n int) {
	for p.sweeper.Sweep(on(0), s); s.Count > 0; p.sweeper.Sweep(on(0), s) {
		require.LessOrEqual(t, n+s.Count, len(want))
		requireElements(t, want[n:n+s.Count], s.Keys, s.Values)
		n += s.Count
		s.Keys, s.Values = s.Keys[s.Count*int(p.spec.KeySize):], s.Values[s.Count*int(p.spec.ValueSize):]
		if s.After != nil {
			s.After = want[n-1].key
		}
	}
	return n
}

// wholeBuckets is the number of elements in the buckets from one on that have room together.
func (p *pair) wholeBuckets(b uint32, room int) (n int) {
	for ; int(b) < len(p.buckets) && n+len(p.buckets[b]) <= room; b++ {
		n += len(p.buckets[b])
	}
	return n
}

func requireElements(t require.TestingT, want []element, keys, values []byte) {
	for _, e := range want {
		require.Equal(t, e, element{keys[:len(e.key)], values[:len(e.value)]})
		keys, values = keys[len(e.key):], values[len(e.value):]
	}
}

// Whatever happens to a map of any shape, it holds what plain chains hold, in the same order.
func TestHashIsChains(t *testing.T) {
	for _, spec := range []maps.Spec{
		{KeySize: 4, ValueSize: 8, MaxEntries: 50}, {KeySize: 4, ValueSize: 8, MaxEntries: 3000},
		{KeySize: 16, ValueSize: 64, MaxEntries: 3000}, {KeySize: 64, ValueSize: 64, MaxEntries: 1000},
		{KeySize: 4, ValueSize: 256, MaxEntries: 1000}, {KeySize: 132, ValueSize: 8, MaxEntries: 1000},
		{KeySize: 5, ValueSize: 1, MaxEntries: 300},
	} {
		spec.Type, spec.CPUs = abi.Hash, 2
		t.Run(fmt.Sprintf("%d %d %d", spec.KeySize, spec.ValueSize, spec.MaxEntries), func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				p := newPair(t, spec)
				for range rapid.IntRange(1, 30).Draw(r, "steps") {
					p.step(r)
				}
				rest := p.from(0)
				keys, values := make([]byte, len(rest)*int(spec.KeySize)), make([]byte, len(rest)*int(spec.ValueSize))
				p.sweepAll(r, &maps.Sweep{Keys: keys, Values: values, Remove: true}, rest)
				require.Equal(r, p.Buckets(), p.NextBucket(new(maps.Task), 0))
			})
		})
	}
}
