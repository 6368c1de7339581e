package maps

import (
	"strconv"
	"testing"

	"github.com/dolthub/swiss"
	"github.com/stretchr/testify/require"
)

// swiss reaches into the Go runtime for its hash function; this proves it on the Go in use.
func TestIndexOnThisGo(t *testing.T) {
	var x index
	require.Equal(t, none, x.get(1))
	for b := range uint32(10_000) {
		x.set(b*700, slot(b+1))
	}
	for b := range uint32(10_000) {
		require.Equal(t, slot(b+1), x.get(b*700))
		require.Equal(t, none, x.get(b*700+1))
	}
	for b := range uint32(5_000) {
		x.set(b*700, none)
	}
	require.Equal(t, none, x.get(0))
	require.Equal(t, slot(10_000), x.get(9_999*700))
}

// BenchmarkIndex compares ways to find one of 100,000 elements spread over 64 stripes: by page of buckets (the index),
// by bucket or by key, in a swiss or in a Go map.
func BenchmarkIndex(b *testing.B) {
	const n, mask = 100_000, 1<<17 - 1
	var (
		buckets, names = make([]uint32, n), make([]string, n)
		pages          [maxStripes]index
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
		pages[at].set(buckets[i]/maxStripes, slot(i+1))
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
	run("get/swiss-page", func(i, at uint32) { sum += pages[at].get(buckets[i] / maxStripes) })
	run("get/swiss-bucket", func(i, at uint32) { s, _ := swissBucket[at].Get(buckets[i]); sum += s })
	run("get/go-bucket", func(i, at uint32) { sum += goBucket[at][buckets[i]] })
	run("get/swiss-key", func(i, at uint32) { s, _ := swissKey[at].Get(names[i]); sum += s })
	run("get/go-key", func(i, at uint32) { sum += goKey[at][names[i]] })
	run("put/swiss-page", func(i, at uint32) { pages[at].set(buckets[i]/maxStripes, slot(i+1)) })
	run("put/swiss-bucket", func(i, at uint32) { swissBucket[at].Put(buckets[i], slot(i+1)) })
	run("put/go-bucket", func(i, at uint32) { goBucket[at][buckets[i]] = slot(i + 1) })
	run("put/swiss-key", func(i, at uint32) { swissKey[at].Put(names[i], slot(i+1)) })
	run("put/go-key", func(i, at uint32) { goKey[at][names[i]] = slot(i + 1) })
	require.NotZero(b, sum)
}
