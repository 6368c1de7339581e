package maps_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

func TestStoresDoNotAllocate(t *testing.T) {
	const entries = 1000
	for _, c := range []struct {
		kind  abi.MapType
		flags uint32
	}{{abi.Hash, 0}, {abi.Hash, abi.FlagNoPrealloc}, {abi.LRUHash, 0}, {abi.LRUHash, abi.FlagNoCommonLRU}, {abi.PerCPUHash, 0}, {abi.LRUPerCPUHash, 0}} {
		m := newStore(t, c.kind, entries, c.flags, entries)
		task, key, value, i := on(1), make([]byte, 4), make([]byte, m.ValueBytes()), uint32(0)
		keys, values := make([]byte, 64*4), make([]byte, 64*len(value))
		cycle := func() {
			i++
			binary.NativeEndian.PutUint32(key, i*7919%(2*entries))
			m.Update(task, key, value, abi.Any)
			m.Lookup(task, key, value)
			m.NextKey(task, key, keys)
			m.ReadBucket(task, m.NextBucket(task, i%m.Buckets()), keys, values, i%16 == 0)
			m.Delete(task, key)
			m.Update(task, key, value, abi.NoExist)
		}
		for range 10 * entries {
			cycle()
		}
		require.Zero(t, testing.AllocsPerRun(5*entries, cycle), "%v %#x", c.kind, c.flags)
	}
}

func TestArraysAndSequencesDoNotAllocate(t *testing.T) {
	key, value, task := make([]byte, 4), make([]byte, 8), on(0)
	for _, kind := range []abi.MapType{abi.Array, abi.PerCPUArray} {
		array := must(t, small(kind, 100, 0))
		value := make([]byte, array.ValueBytes())
		require.Zero(t, testing.AllocsPerRun(100, func() {
			array.(maps.Updater).Update(task, key, value, abi.Any)
			array.(maps.Lookuper).Lookup(task, key, value)
			array.(maps.NextKeyer).NextKey(task, key, key)
		}))
	}
	for _, kind := range []abi.MapType{abi.Queue, abi.Stack} {
		q := must(t, base(kind)).(maps.Sequence)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			q.Push(task, value, abi.Exist)
			q.Push(task, value, abi.Exist)
			q.Peek(task, value)
			q.Pop(task, value)
		}))
	}
}
