package maps_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// kernelOrders is the order in which Linux 6.18.44 walks a HASH of 4096 entries with BPF_F_ZERO_SEED that holds 16
// keys, number i being the bytes i*37+j*11 for j = 0, 1, ...
var kernelOrders = []struct {
	keySize int
	order   []int
}{
	{1, []int{13, 0, 10, 9, 2, 15, 12, 14, 3, 8, 7, 1, 4, 5, 11, 6}},
	{2, []int{14, 12, 4, 3, 11, 13, 15, 9, 1, 2, 8, 0, 7, 6, 5, 10}},
	{3, []int{5, 7, 12, 2, 10, 13, 6, 15, 11, 3, 4, 14, 8, 1, 0, 9}},
	{4, []int{4, 0, 15, 12, 9, 11, 14, 3, 1, 13, 2, 10, 6, 5, 7, 8}},
	{5, []int{10, 8, 12, 14, 13, 3, 5, 4, 11, 1, 9, 2, 7, 15, 0, 6}},
	{7, []int{3, 8, 12, 13, 0, 4, 5, 1, 10, 14, 11, 6, 9, 15, 2, 7}},
	{8, []int{8, 14, 12, 1, 10, 4, 0, 6, 13, 2, 9, 11, 3, 5, 15, 7}},
	{11, []int{1, 5, 4, 2, 6, 15, 0, 8, 9, 13, 12, 11, 3, 14, 7, 10}},
	{12, []int{4, 13, 3, 6, 1, 14, 12, 8, 10, 5, 7, 9, 2, 11, 15, 0}},
	{13, []int{15, 6, 7, 14, 12, 1, 9, 0, 2, 4, 3, 5, 13, 10, 11, 8}},
	{16, []int{12, 11, 13, 7, 5, 4, 15, 1, 0, 3, 2, 10, 9, 8, 6, 14}},
	{20, []int{15, 2, 6, 1, 11, 8, 9, 14, 4, 7, 0, 13, 5, 12, 3, 10}},
	{24, []int{9, 3, 8, 6, 12, 1, 11, 0, 14, 5, 10, 4, 2, 7, 13, 15}},
	{25, []int{15, 2, 14, 7, 13, 11, 0, 12, 9, 5, 3, 4, 6, 8, 1, 10}},
	{64, []int{2, 13, 3, 6, 8, 9, 4, 12, 14, 5, 0, 7, 11, 15, 1, 10}},
}

func TestWalkOrderOfLinux(t *testing.T) {
	for _, c := range kernelOrders {
		spec := maps.Spec{
			Type: abi.Hash, KeySize: uint32(c.keySize), ValueSize: 1, MaxEntries: 4096, Flags: abi.FlagZeroSeed, CPUs: 1, Seed: 99,
		}
		m := must(t, spec).(store)
		numbers := map[string]int{}
		for i := range 16 {
			key := orderKey(i, c.keySize)
			numbers[string(key)] = i
			require.Equal(t, abi.OK, m.Update(on(0), key, []byte{0}, abi.NoExist))
		}
		order := []int{}
		next := make([]byte, c.keySize)
		for errno := m.NextKey(on(0), nil, next); errno == abi.OK; errno = m.NextKey(on(0), next, next) {
			order = append(order, numbers[string(next)])
		}
		require.Equal(t, c.order, order, "key size %d", c.keySize)
	}
}

func orderKey(i, size int) []byte {
	key := make([]byte, size)
	for j := range key {
		key[j] = byte(i*37 + j*11)
	}
	return key
}

func TestSeedDecidesOrder(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint32(4) {
		spec := small(abi.Hash, 64, 0)
		spec.Seed = seed
		m := must(t, spec).(store)
		for i := range uint32(64) {
			require.Equal(t, abi.OK, m.Update(on(0), key4(i), make([]byte, 8), abi.Any))
		}
		order := ""
		for _, key := range walk(t, m) {
			order += string(rune(key))
		}
		orders[order] = true
	}
	require.Len(t, orders, 4)
}

// One bucket shows the order within it: newest first, and an update makes its key the newest.
func TestOrderWithinBucket(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Hash, abi.LRUHash} {
		m := newStore(t, kind, 4, 0, 0)
		same := sameBucket(m, 3)
		for _, i := range same {
			require.Equal(t, abi.OK, m.Update(on(0), key4(i), make([]byte, 8), abi.Any))
		}
		require.Equal(t, []uint32{same[2], same[1], same[0]}, walk(t, m))
		require.Equal(t, abi.OK, m.Update(on(0), key4(same[1]), make([]byte, 8), abi.Exist))
		require.Equal(t, []uint32{same[1], same[2], same[0]}, walk(t, m))
	}
}

// sameBucket is n keys of one bucket.
func sameBucket(m store, n int) []uint32 {
	bucket := m.(maps.Drainer).BucketOf
	var same []uint32
	for i := uint32(1); len(same) < n; i++ {
		if bucket(key4(i)) == 2 {
			same = append(same, i)
		}
	}
	return same
}

func TestNextKeyOfAbsentKey(t *testing.T) {
	m := newStore(t, abi.Hash, 4, 0, 0)
	next := []byte{9, 9, 9, 9}
	require.Equal(t, abi.ENOENT, m.NextKey(on(0), nil, next))
	require.Equal(t, []byte{9, 9, 9, 9}, next)

	m = newStore(t, abi.Hash, 4, 0, 3)
	require.Equal(t, abi.OK, m.NextKey(on(0), key4(77), next))
	require.Equal(t, key4(walk(t, m)[0]), next)
}

func TestReadBucket(t *testing.T) {
	m := newStore(t, abi.Hash, 1, 0, 1)
	require.Equal(t, uint32(1), m.Buckets())
	require.Equal(t, 1, m.ReadBucket(on(0), 0, nil, nil, true), "does not fit: only counted")
	keys, values := make([]byte, 4), make([]byte, 8)
	require.Equal(t, 1, m.ReadBucket(on(0), 0, keys, values, true))
	require.Equal(t, key4(1), keys)
	require.Equal(t, 0, m.ReadBucket(on(0), 0, keys, values, false))
	require.Equal(t, m.Buckets(), m.NextBucket(new(maps.Task), 0))
}
