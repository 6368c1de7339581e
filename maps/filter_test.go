package maps_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

func bloom(value, entries uint32, hashes uint64) maps.Spec {
	return maps.Spec{
		Type: abi.BloomFilter, ValueSize: value, MaxEntries: entries, Extra: hashes, Flags: abi.FlagZeroSeed, CPUs: 1,
	}
}

// memlock in fdinfo of Linux 6.18: 312 bytes and the bits.
func TestFilterMemlock(t *testing.T) {
	for _, c := range []struct {
		entries uint32
		hashes  uint64
		want    uint64
	}{
		{1, 0, 320}, {13, 0, 328}, {133, 5, 440}, {1333, 0, 2360}, {13333, 0, 16696}, {133, 1, 344}, {1333, 1, 568},
		{13333, 1, 4408}, {13, 15, 376}, {133, 15, 824}, {1333, 15, 4408}, {13333, 15, 65848},
	} {
		require.Equal(t, c.want, must(t, bloom(8, c.entries, c.hashes)).Memlock(), "%d entries, %d hashes", c.entries, c.hashes)
	}
}

func TestFilter(t *testing.T) {
	f := must(t, bloom(4, 2, 3)).(maps.Filter)
	require.Equal(t, abi.ENOENT, f.Test(on(0), key4(1)))
	require.Equal(t, abi.EINVAL, f.Push(on(0), key4(1), abi.NoExist))
	require.Equal(t, abi.EINVAL, f.Push(on(0), key4(1), abi.Exist))
	require.Equal(t, abi.ENOENT, f.Test(on(0), key4(1)))
	for i := range uint32(8) {
		require.Equal(t, abi.OK, f.Push(on(0), key4(i), abi.Any), "never full")
		require.Equal(t, abi.OK, f.Test(on(0), key4(i)))
	}
	value, task := key4(5), on(0)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		f.Push(task, value, abi.Any)
		f.Test(task, value)
	}))
}

// After pushes of 0 to 7 into a filter of 8 values and 3 hash functions, Linux 6.18 took these for pushed.
func TestFilterFalsePositives(t *testing.T) {
	for size, want := range map[uint32][]uint32{
		4: {16, 33, 36, 124, 171, 246, 352, 436, 452, 495, 563, 576, 596},
		5: {8, 51, 75, 128, 135, 147, 154, 171, 246, 265, 266, 286, 314, 359, 375, 406, 415, 461, 491, 494, 508, 548, 576},
	} {
		f := must(t, bloom(size, 8, 3)).(maps.Filter)
		value := func(i uint32) []byte { return append(key4(i), 0)[:size] }
		for i := range uint32(8) {
			require.Equal(t, abi.OK, f.Push(on(0), value(i), abi.Any))
		}
		var got []uint32
		for i := uint32(8); i < 600; i++ {
			if f.Test(on(0), value(i)) == abi.OK {
				got = append(got, i)
			}
		}
		require.Equal(t, want, got, "value size %d", size)
	}
}

// Limits found by bisection on Linux 6.18, which looks at all but the size of values behind the caller's permission.
func TestFilterCreate(t *testing.T) {
	for _, c := range []struct {
		change func(*maps.Spec)
		want   abi.Errno
	}{
		{func(*maps.Spec) {}, abi.OK},
		{func(s *maps.Spec) { s.ValueSize = 4194304 }, abi.OK},
		{func(s *maps.Spec) { s.ValueSize = 4194305 }, abi.E2BIG},
		{func(s *maps.Spec) { s.ValueSize = 0 }, abi.EINVAL},
		{func(s *maps.Spec) { s.KeySize = 4 }, abi.EINVAL},
		{func(s *maps.Spec) { s.MaxEntries = 0 }, abi.EINVAL},
		{func(s *maps.Spec) { s.Extra = 15 }, abi.OK},
		{func(s *maps.Spec) { s.Extra = 16 }, abi.EINVAL},
		{func(s *maps.Spec) { s.Extra = 1 << 32 }, abi.EINVAL},
		{func(s *maps.Spec) { s.Flags |= abi.FlagNoPrealloc }, abi.EINVAL},
		{func(s *maps.Spec) { s.Flags |= abi.FlagNUMANode }, abi.OK},
	} {
		spec := bloom(8, 4, 0)
		c.change(&spec)
		require.Equal(t, c.want, create(spec, true), "%+v", spec)
	}
}
