package maps_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

var perCPUTypes = []abi.MapType{abi.PerCPUHash, abi.LRUPerCPUHash, abi.PerCPUArray}

// perCPU is a map with values of 5 bytes on a machine with 3 CPUs.
func perCPU(t *testing.T, kind abi.MapType) perCPUMap {
	spec := small(kind, 4, 0)
	spec.ValueSize, spec.CPUs = 5, 3
	return must(t, spec).(perCPUMap)
}

type perCPUMap interface {
	maps.Map
	maps.Lookuper
	maps.Updater
	maps.LiveLookuper
	maps.PartUpdater
	maps.PartLookuper
}

// parts is a value whose parts begin so.
func parts(texts ...string) []byte {
	value := make([]byte, 8*len(texts))
	for i, text := range texts {
		copy(value[8*i:], text)
	}
	return value
}

func lookup(t *testing.T, m perCPUMap, key uint32) []byte {
	t.Helper()
	value := make([]byte, m.ValueBytes())
	require.Equal(t, abi.OK, m.Lookup(on(0), key4(key), value))
	return value
}

// User space writes and reads whole words of each part, what is behind the values' ends too (measured on 6.18).
func TestPerCPUValuesHaveAllParts(t *testing.T) {
	for _, kind := range perCPUTypes {
		m := perCPU(t, kind)
		require.Equal(t, 24, m.ValueBytes(), kind)
		want := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 3)
		require.Equal(t, abi.OK, m.Update(on(1), key4(2), want, abi.Any), kind)
		require.Equal(t, want, lookup(t, m, 2), kind)
	}
}

// A program sets and sees its own CPU's part (pcpu_init_value and pcpu_copy_value in hashtab.c; proptest/kernelprogs asks
// the kernel).
func TestPerCPUParts(t *testing.T) {
	for _, kind := range perCPUTypes {
		m := perCPU(t, kind)
		require.Equal(t, abi.OK, m.UpdatePart(on(1), key4(2), []byte("first"), abi.Any), kind)
		require.Equal(t, parts("", "first", ""), lookup(t, m, 2), kind)
		require.Equal(t, abi.OK, m.UpdatePart(on(2), key4(2), []byte("other"), abi.Exist), kind)
		require.Equal(t, parts("", "first", "other"), lookup(t, m, 2), kind)
		require.Equal(t, abi.EEXIST, m.UpdatePart(on(2), key4(2), []byte("third"), abi.NoExist), kind)
		require.Equal(t, abi.EINVAL, m.UpdatePart(on(2), key4(2), []byte("third"), abi.Exist+1), kind)

		live, ok := m.LookupLive(on(2), key4(2))
		require.True(t, ok, kind)
		require.Equal(t, uint64(0x726568746f), live.Load(on(2), 0), kind)
		live.Store(on(2), 0, 0xff_0000_0000_0001)
		live, ok = m.LookupPart(on(0), key4(2), 1)
		require.True(t, ok, kind)
		require.Equal(t, uint64(0x7473726966), live.Load(on(0), 0), kind)
		require.Equal(t, parts("", "first", "\x01"), lookup(t, m, 2), kind)
		for _, cpu := range []int{-1, 3, 1 << 20} {
			_, ok = m.LookupPart(on(0), key4(2), cpu)
			require.False(t, ok, kind)
		}
		_, ok = m.LookupPart(on(0), key4(9), 0)
		require.False(t, ok, kind)
	}
}

// An update in place leaves the key where it is in its bucket; 3, 22 and 24 share one of 16 under FlagZeroSeed.
func TestPerCPUUpdateDoesNotMoveAKey(t *testing.T) {
	for kind, want := range map[abi.MapType][]uint32{
		abi.PerCPUHash: {24, 22, 3}, abi.LRUPerCPUHash: {24, 22, 3}, abi.Hash: {3, 24, 22}, abi.LRUHash: {3, 24, 22},
	} {
		m := must(t, small(kind, 16, abi.FlagZeroSeed))
		value := make([]byte, m.ValueBytes())
		for _, key := range []uint32{3, 22, 24, 3} {
			require.Equal(t, abi.OK, m.(maps.Updater).Update(on(0), key4(key), value, abi.Any))
		}
		require.Equal(t, want, walk(t, m.(maps.NextKeyer)), kind)
	}
}

// Under Exist nothing is taken, so nobody is evicted; else somebody is, even for a key that stays (measured on 6.18).
func TestPerCPULRUExistEvictsNobody(t *testing.T) {
	for flags, want := range map[uint64]int{abi.Exist: 4, abi.Any: 3, abi.NoExist: 3} {
		m := must(t, small(abi.LRUPerCPUHash, 4, abi.FlagZeroSeed))
		value := make([]byte, m.ValueBytes())
		for key := range uint32(4) {
			require.Equal(t, abi.OK, m.(maps.Updater).Update(on(0), key4(key), value, abi.Any))
		}
		m.(maps.Updater).Update(on(0), key4(3), value, flags)
		require.Len(t, walk(t, m.(maps.NextKeyer)), want, "flags %d", flags)
	}
}

// Measured on Linux 6.18.
func TestPerCPUCreate(t *testing.T) {
	for _, kind := range perCPUTypes {
		spec := base(kind)
		for size, want := range map[uint32]abi.Errno{0: abi.EINVAL, 32768: abi.OK, 32761: abi.OK, 32769: abi.E2BIG, 1<<32 - 1: abi.E2BIG} {
			spec.ValueSize = size
			require.Equal(t, want, create(spec, true), "%s %d", kind, size)
		}
		spec = base(kind)
		spec.Flags = abi.FlagNUMANode
		require.Equal(t, abi.EINVAL, create(spec, true), kind)
		spec.NumaNode = abi.AnyNode
		require.Equal(t, abi.OK, create(spec, true), kind)
		for _, flag := range []uint32{abi.FlagMmapable, abi.FlagInnerMap, abi.FlagPreserveElems} {
			spec.Flags = flag
			require.Equal(t, abi.EINVAL, create(spec, true), kind)
		}
	}
	require.Equal(t, abi.ENOTSUPP, create(small(abi.LRUPerCPUHash, 4, abi.FlagNoPrealloc), true))
	require.Equal(t, abi.EINVAL, create(small(abi.PerCPUHash, 4, abi.FlagNoCommonLRU), true))
}

// A reader without a lock may see one CPU's part before an update and another's behind it: a value is no snapshot of all
// CPUs.
func TestPerCPULookupTornAcrossCPUs(t *testing.T) {
	for _, kind := range perCPUTypes {
		m := must(t, small(kind, 4, 0)).(perCPUMap)
		update := func(value string) { require.Equal(t, abi.OK, m.Update(on(1), key4(1), []byte(value), abi.Any)) }
		update("old old old old ")
		got := make([]byte, 16)
		r := &recorder{at: 2, interrupt: func() { update("new new new new ") }}
		require.Equal(t, abi.OK, m.Lookup(&maps.Task{Scheduler: r}, key4(1), got))
		require.Equal(t, "old old new new ", string(got), kind)
	}
}

// A walk goes on while a task stands in the middle of an update in place, with the bucket's lock: nothing of a walk by
// keys takes that lock.
func TestWalkDuringPerCPUUpdate(t *testing.T) {
	for _, kind := range []abi.MapType{abi.PerCPUHash, abi.LRUPerCPUHash} {
		m := newStore(t, kind, 16, 0, 3)
		value, keys := make([]byte, m.ValueBytes()), 0
		r := &recorder{at: 1, interrupt: func() {
			walker := &maps.Task{Scheduler: new(recorder)}
			for key := []byte(nil); ; keys++ {
				next := make([]byte, 4)
				if m.NextKey(walker, key, next) != abi.OK {
					break
				}
				require.Equal(t, abi.OK, m.Lookup(walker, next, value))
				key = next
			}
		}}
		if kind == abi.LRUPerCPUHash {
			r.at = 4 // behind the lists' locks and the bucket's
		}
		require.Equal(t, abi.OK, m.Update(&maps.Task{Scheduler: r}, key4(1), make([]byte, m.ValueBytes()), abi.Any))
		require.Equal(t, 3, keys, kind)
	}
}
