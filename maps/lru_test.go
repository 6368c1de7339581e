package maps_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// sorted is the keys in m.
func sorted(t testing.TB, m store) []uint32 {
	keys := walk(t, m)
	slices.Sort(keys)
	return keys
}

// All numbers of this file were measured on Linux 6.18.44 with 2 possible CPUs.
func TestLRUFirstEviction(t *testing.T) {
	cases := []struct {
		entries, flags uint32
		insert, left   int // the insertion that evicts first, and the elements after it
	}{
		{1, 0, 2, 1}, {2, 0, 3, 2}, {3, 0, 4, 3}, {4, 0, 5, 4}, {7, 0, 8, 7}, {8, 0, 9, 7}, {16, 0, 17, 13},
		{100, 0, 101, 76}, {512, 0, 513, 385}, {1000, 0, 897, 873},
		{100, abi.FlagNoCommonLRU, 51, 47},
	}
	for _, c := range cases {
		m := newStore(t, abi.LRUHash, c.entries, c.flags, 0)
		require.Equal(t, c.insert, insertNew(t, m, on(0), 1, make([]byte, 8)), "%+v", c)
		require.Len(t, walk(t, m), c.left, "%+v", c)
		gone := uint32(c.insert - c.left)
		require.Equal(t, gone+1, sorted(t, m)[0], "the oldest go")
	}
}

func TestLRUUpdateOfFullMap(t *testing.T) {
	cases := []struct {
		name  string
		key   uint32
		flags uint64
		want  abi.Errno
		left  []uint32
	}{
		{"an update needs a fresh element", 2, abi.Any, abi.OK, []uint32{2, 3, 4}},
		{"evicted itself", 1, abi.Any, abi.OK, []uint32{1, 2, 3, 4}},
		{"evicted, so absent", 1, abi.Exist, abi.ENOENT, []uint32{2, 3, 4}},
		{"evicted, so new", 1, abi.NoExist, abi.OK, []uint32{1, 2, 3, 4}},
		{"fails and still evicts", 3, abi.NoExist, abi.EEXIST, []uint32{2, 3, 4}},
		{"absent and still evicts", 50, abi.Exist, abi.ENOENT, []uint32{2, 3, 4}},
		{"flags come before all", 50, 3, abi.EINVAL, []uint32{1, 2, 3, 4}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := newStore(t, abi.LRUHash, 4, 0, 4)
			require.Equal(t, c.want, m.Update(on(0), key4(c.key), make([]byte, 8), c.flags))
			require.Equal(t, c.left, sorted(t, m))
		})
	}
}

func TestLRUFailureFreesAnElement(t *testing.T) {
	m := newStore(t, abi.LRUHash, 4, 0, 4)
	require.Equal(t, abi.EEXIST, m.Update(on(0), key4(3), make([]byte, 8), abi.NoExist))
	require.Equal(t, abi.OK, m.Update(on(0), key4(9), make([]byte, 8), abi.Any))
	require.Equal(t, []uint32{2, 3, 4, 9}, sorted(t, m))
}

func TestLRUUpdateProtects(t *testing.T) {
	m := newStore(t, abi.LRUHash, 4, 0, 4)
	for _, key := range []uint32{2, 3, 5, 6} {
		require.Equal(t, abi.OK, m.Update(on(0), key4(key), make([]byte, 8), abi.Any))
	}
	require.Equal(t, []uint32{2, 3, 5, 6}, sorted(t, m))
}

// A program's lookup protects an element, a system call's never does.
func TestLRULookupProtects(t *testing.T) {
	insert := func(m store, task *maps.Task) []uint32 {
		require.Equal(t, abi.OK, m.Update(task, key4(5), make([]byte, 8), abi.Any))
		return sorted(t, m)
	}
	m := newStore(t, abi.LRUHash, 4, 0, 4)
	for _, key := range []uint32{1, 2} {
		require.Equal(t, abi.OK, m.Lookup(on(0), key4(key), make([]byte, 8)))
	}
	require.Equal(t, []uint32{2, 3, 4, 5}, insert(m, on(0)))

	m = newStore(t, abi.LRUHash, 4, 0, 4)
	for _, key := range []uint32{1, 2} {
		_, ok := m.LookupLive(on(0), key4(key))
		require.True(t, ok)
	}
	require.Equal(t, []uint32{1, 2, 4, 5}, insert(m, on(0)))
	_, ok := m.LookupLive(on(0), key4(3))
	require.False(t, ok)
}

// Where programs have used all elements, one goes all the same.
func TestLRUEvictsAUsedElement(t *testing.T) {
	for _, flags := range []uint32{0, abi.FlagNoCommonLRU} {
		m := newStore(t, abi.LRUHash, 8, flags, 4)
		for _, key := range walk(t, m) {
			_, ok := m.LookupLive(on(0), key4(key))
			require.True(t, ok)
		}
		for key := uint32(100); key < 120; key++ {
			require.Equal(t, abi.OK, m.Update(on(0), key4(key), make([]byte, 8), abi.Any), key)
			_, ok := m.LookupLive(on(0), key4(key))
			require.True(t, ok)
		}
		require.LessOrEqual(t, len(walk(t, m)), 8)
	}
}

// 24 of 25 free elements that CPU 0 fetched stay with it.
func TestLRUParksFreeElements(t *testing.T) {
	m := newStore(t, abi.LRUHash, 100, 0, 1)
	require.Equal(t, 76, insertNew(t, m, on(1), 2, make([]byte, 8)))
	require.Len(t, walk(t, m), 52)
}

func TestLRUOneElement(t *testing.T) {
	m := newStore(t, abi.LRUHash, 1, 0, 1)
	require.Equal(t, abi.OK, m.Update(on(0), key4(1), make([]byte, 8), abi.Any))
	require.Equal(t, abi.ENOENT, m.Update(on(0), key4(1), make([]byte, 8), abi.Exist))
	require.Equal(t, abi.OK, m.Update(on(0), key4(1), make([]byte, 8), abi.NoExist))
	require.Equal(t, []uint32{1}, walk(t, m))
}

// With one element, the other CPU can only rob the one that holds it.
func TestLRURobs(t *testing.T) {
	m := newStore(t, abi.LRUHash, 1, 0, 1)
	require.Equal(t, abi.OK, m.Update(on(1), key4(2), make([]byte, 8), abi.Any))
	require.Equal(t, []uint32{2}, walk(t, m))
	require.Equal(t, abi.OK, m.Delete(on(0), key4(2)))
	require.Equal(t, abi.OK, m.Update(on(0), key4(3), make([]byte, 8), abi.Any))
	require.Equal(t, []uint32{3}, walk(t, m))
}

// Three CPUs hold the two elements in turn, so each taking has to rob; who was robbed last comes last. With 2 CPUs the
// order cannot be seen, so this follows bpf_lru_list.c and is not measured.
func TestLRURobsInTurn(t *testing.T) {
	spec := small(abi.LRUHash, 2, abi.FlagZeroSeed)
	spec.CPUs = 3
	m := must(t, spec).(store)
	for _, step := range []struct {
		cpu  int
		key  uint32
		left []uint32
	}{
		{0, 1, []uint32{1}}, {1, 2, []uint32{1, 2}},
		{2, 3, []uint32{2, 3}}, // robs CPU 0
		{0, 4, []uint32{3, 4}}, // robs CPU 1
		{1, 5, []uint32{4, 5}}, // robs CPU 2
		{2, 6, []uint32{4, 6}}, // goes on with CPU 1
	} {
		require.Equal(t, abi.OK, m.Update(on(step.cpu), key4(step.key), make([]byte, 8), abi.Any))
		require.Equal(t, step.left, sorted(t, m), "%+v", step)
	}
}

func TestLRURounding(t *testing.T) {
	require.Equal(t, uint32(10), must(t, small(abi.LRUHash, 9, abi.FlagNoCommonLRU)).Spec().MaxEntries)
	require.Equal(t, uint32(9), must(t, small(abi.LRUHash, 9, 0)).Spec().MaxEntries)
}
