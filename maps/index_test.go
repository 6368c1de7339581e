package maps

import (
	"strconv"
	"testing"

	"github.com/dolthub/swiss"
	"github.com/stretchr/testify/require"
)

// swiss reaches into the Go runtime for its hash function; this proves it on the Go in use.
func TestIndexOnThisGo(t *testing.T) {
	const pages, step = 1 << 22, 401
	x := newIndex(pages, maxStripes)
	for n := uint32(0); n < pages; n += step {
		require.Same(t, &noPage, x.get(n))
		x.touch(n).count = n
	}
	for n := uint32(0); n < pages; n += step {
		require.Equal(t, n, x.get(n).count)
		require.Same(t, x.get(n), x.touch(n))
		require.Zero(t, x.get(n+1).count)
	}
	require.Zero(t, noPage)
}

// BenchmarkIndex compares ways to find one of 100,000 elements spread over 64 stripes: by page of buckets, by bucket or
// by key, in an array (the index), in a swiss or in a Go map.
func BenchmarkIndex(b *testing.B) {
	const n, mask = 100_000, 1<<17 - 1
	var (
		buckets, names = make([]uint32, n), make([]string, n)
		pages          = newIndex((mask+1)/pageBuckets, maxStripes)
		far            = new(farIndex)
		swissBucket    [maxStripes]*swiss.Map[uint32, slot]
		goBucket       [maxStripes]map[uint32]slot
		swissKey       [maxStripes]*swiss.Map[string, slot]
		goKey          [maxStripes]map[string]slot
	)
	for i := range maxStripes {
		goBucket[i], goKey[i] = map[uint32]slot{}, map[string]slot{}
		swissBucket[i], swissKey[i] = swiss.NewMap[uint32, slot](1), swiss.NewMap[string, slot](1)
	}
	for i := range uint32(n) {
		names[i] = strconv.Itoa(int(i))
		buckets[i] = jhash([]byte(names[i]), 0) & mask
		at := buckets[i] % maxStripes
		pages.touch(buckets[i]/pageBuckets).count++
		swissBucket[at].Put(buckets[i], slot(i+1))
		goBucket[at][buckets[i]] = slot(i + 1)
		swissKey[at].Put(names[i], slot(i+1))
		goKey[at][names[i]] = slot(i + 1)
	}
	var sum slot
	run := func(name string, op func(i, stripe uint32)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := uint32(0); b.Loop(); i += 7919 {
				op(i%n, buckets[i%n]%maxStripes)
			}
		})
	}
	run("get/near-page", func(i, _ uint32) { sum += slot(pages.get(buckets[i] / pageBuckets).count) })
	for i := range uint32((mask + 1) / pageBuckets) {
		far.touch(i).count++
	}
	run("get/swiss-page", func(i, _ uint32) { sum += slot(far.get(buckets[i] / pageBuckets).count) })
	run("get/swiss-bucket", func(i, at uint32) { s, _ := swissBucket[at].Get(buckets[i]); sum += s })
	run("get/go-bucket", func(i, at uint32) { sum += goBucket[at][buckets[i]] })
	run("get/swiss-key", func(i, at uint32) { s, _ := swissKey[at].Get(names[i]); sum += s })
	run("get/go-key", func(i, at uint32) { sum += goKey[at][names[i]] })
	run("put/near-page", func(i, _ uint32) { pages.touch(buckets[i]/pageBuckets).count++ })
	run("put/swiss-page", func(i, _ uint32) { far.touch(buckets[i]/pageBuckets).count++ })
	run("put/swiss-bucket", func(i, at uint32) { swissBucket[at].Put(buckets[i], slot(i+1)) })
	run("put/go-bucket", func(i, at uint32) { goBucket[at][buckets[i]] = slot(i + 1) })
	run("put/swiss-key", func(i, at uint32) { swissKey[at].Put(names[i], slot(i+1)) })
	run("put/go-key", func(i, at uint32) { goKey[at][names[i]] = slot(i + 1) })
	require.NotZero(b, sum)
}
