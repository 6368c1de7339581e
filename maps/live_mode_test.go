package maps_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

const (
	workers      = 4
	workerRounds = 4000
)

// together runs body on several goroutines, two on each CPU.
func together(body func(worker int, task *maps.Task, random *rand.Rand)) {
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() { body(i, on(i%2), rand.New(rand.NewPCG(1, uint64(i)))) })
	}
	group.Wait()
}

// whole is a value of so many bytes that tells if it is torn: its two halves are equal.
func whole(random *rand.Rand, size int) []byte {
	half := bytes.Repeat(binary.NativeEndian.AppendUint64(nil, random.Uint64()), size/16)
	return append(half, half...)
}

func TestStoresLive(t *testing.T) {
	for _, c := range []struct {
		kind           abi.MapType
		entries, flags uint32
	}{
		{abi.Hash, 50, 0}, {abi.Hash, 2000, 0}, {abi.LRUHash, 50, 0}, {abi.LRUHash, 2000, 0},
		{abi.LRUHash, 50, abi.FlagNoCommonLRU}, {abi.LRUHash, 3, 0}, {abi.Hash, 1, 0},
		{abi.PerCPUHash, 50, 0}, {abi.PerCPUHash, 2000, 0}, {abi.LRUPerCPUHash, 50, 0}, {abi.LRUPerCPUHash, 50, abi.FlagNoCommonLRU},
	} {
		for _, size := range []uint32{16, 96, 160} { // of a HASH, each has another layout
			spec := small(c.kind, c.entries, c.flags)
			spec.ValueSize = size
			m := must(t, spec).(store)
			var settling sync.WaitGroup
			settling.Add(workers)
			together(func(_ int, task *maps.Task, random *rand.Rand) {
				disturb(t, m, task, random, false)
				settling.Done()
				settling.Wait() // so that all settle the elements at once
				disturb(t, m, task, random, true)
			})
			require.LessOrEqual(t, len(walk(t, m)), int(m.Spec().MaxEntries))
			requireWhole(t, m)
		}
	}
}

// disturb does workerRounds/2 random operations and looks at every value it gets. Elements settle with the first that is looked
// at live.
func disturb(t *testing.T, m store, task *maps.Task, random *rand.Rand, live bool) {
	if live {
		m.LookupLive(task, key4(0))
	}
	size := m.ValueBytes()
	value, next := make([]byte, size), make([]byte, 4)
	keys, values := make([]byte, 16*4), make([]byte, 16*size)
	for range workerRounds / 2 {
		key := key4(random.Uint32N(2 * m.Spec().MaxEntries))
		switch random.IntN(10) {
		case 0, 1, 2, 3:
			m.Update(task, key, whole(random, size), random.Uint64N(3))
		case 4:
			m.Delete(task, key)
		case 5:
			if m.LookupAndDelete(task, key, value) == abi.OK {
				requireEqualHalves(t, value)
			}
		case 6:
			m.NextKey(task, key, next)
		case 7:
			b := m.NextBucket(new(maps.Task), random.Uint32N(m.Buckets()))
			if b < m.Buckets() {
				m.ReadBucket(task, b, keys, values, random.IntN(2) == 0)
			}
		case 8:
			if live {
				m.LookupLive(task, key)
			}
			sweep(t, m, task, random)
		default:
			if m.Lookup(task, key, value) == abi.OK {
				requireEqualHalves(t, value)
			}
		}
	}
}

// sweep copies or removes a part of the map, in steps on all buckets or on each.
func sweep(t *testing.T, m store, task *maps.Task, random *rand.Rand) {
	room, size := 4<<random.IntN(6), m.ValueBytes()
	s := &maps.Sweep{
		Bucket: random.Uint32N(m.Buckets()), Keys: make([]byte, 4*room), Values: make([]byte, size*room),
		Whole: random.IntN(2) == 0, Remove: random.IntN(8) == 0,
	}
	m.(maps.Swept).Sweeper().Sweep(task, s)
	for i := range s.Count {
		requireEqualHalves(t, s.Values[size*i:][:size])
	}
}

func requireEqualHalves(t *testing.T, value []byte) {
	if !bytes.Equal(value[:len(value)/2], value[len(value)/2:]) {
		t.Errorf("torn value %x", value)
	}
}

// requireWhole fills m to the brim: no element may have been lost in the turmoil, and no index entry be stale.
func requireWhole(t *testing.T, m store) {
	value := make([]byte, m.ValueBytes())
	for _, key := range walk(t, m) {
		require.Equal(t, abi.OK, m.Lookup(on(0), key4(key), value))
		require.Equal(t, abi.OK, m.Delete(on(0), key4(key)))
	}
	require.Equal(t, m.Buckets(), m.NextBucket(new(maps.Task), 0))
	if _, evicts := m.(maps.Evicter); evicts {
		return
	}
	for i := range m.Spec().MaxEntries {
		require.Equal(t, abi.OK, m.Update(on(0), key4(i), value, abi.NoExist))
	}
	require.Equal(t, abi.E2BIG, m.Update(on(0), key4(m.Spec().MaxEntries), value, abi.Any))
}

func TestArrayLive(t *testing.T) {
	m := must(t, small(abi.Array, 4, 0))
	together(func(worker int, task *maps.Task, random *rand.Rand) {
		value := make([]byte, 8)
		for range workerRounds {
			key := key4(random.Uint32N(4))
			half := bytes.Repeat([]byte{byte(random.Uint32())}, 8)
			m.(maps.Updater).Update(task, key, half, abi.Any)
			m.(maps.Lookuper).Lookup(task, key, value)
			if !bytes.Equal(value[:4], value[4:]) {
				t.Errorf("torn word %x", value)
			}
			m.(maps.NextKeyer).NextKey(task, key, key)
		}
	})
}

// Counters that programs add to atomically lose nothing.
func TestArrayLiveAdd(t *testing.T) {
	m := must(t, small(abi.Array, 1, 0)).(maps.LiveLookuper)
	together(func(_ int, task *maps.Task, _ *rand.Rand) {
		live, _ := m.LookupLive(task, key4(0))
		for range workerRounds {
			live.Add(task, 0, 1)
		}
	})
	live, _ := m.LookupLive(on(0), key4(0))
	require.Equal(t, uint64(workers*workerRounds), live.Load(on(0), 0))
}

// Every value that was pushed is popped once.
func TestSequencesLive(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Queue, abi.Stack} {
		spec := base(kind)
		spec.MaxEntries = workers * workerRounds
		q := must(t, spec).(maps.Sequence)
		var mu sync.Mutex
		popped := map[uint64]int{}
		together(func(worker int, task *maps.Task, _ *rand.Rand) {
			value := make([]byte, 8)
			for i := range workerRounds {
				binary.NativeEndian.PutUint64(value, uint64(worker*workerRounds+i))
				q.Push(task, value, abi.Any)
				if q.Pop(task, value) == abi.OK {
					mu.Lock()
					popped[binary.NativeEndian.Uint64(value)]++
					mu.Unlock()
				}
			}
		})
		require.Len(t, popped, workers*workerRounds)
		require.Equal(t, abi.ENOENT, q.Peek(on(0), make([]byte, 8)))
	}
}
