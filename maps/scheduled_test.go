package maps_test

import (
	"bytes"
	stdmaps "maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// recorder notes the steps of a task, and runs interrupt once, before step number at.
type recorder struct {
	steps     []maps.Point
	at        int
	interrupt func()
}

func (r *recorder) Step(_ *maps.Task, at maps.Point) {
	if r.interrupt != nil && len(r.steps) == r.at {
		r.interrupt()
	}
	r.steps = append(r.steps, at)
}

func (r *recorder) Lock(t *maps.Task, _ *maps.Lock) { r.Step(t, maps.PointLock) }

// steps runs op on a task whose steps are noted.
func steps(op func(task *maps.Task)) []maps.Point {
	r := new(recorder)
	op(&maps.Task{Scheduler: r})
	return r.steps
}

const (
	lock = maps.PointLock
	find = maps.PointFind
	word = maps.PointWord
)

func TestSteps(t *testing.T) {
	hash, lru := newStore(t, abi.Hash, 4, 0, 2), newStore(t, abi.LRUHash, 4, 0, 2)
	array, queue := must(t, small(abi.Array, 4, 0)), must(t, base(abi.Queue)).(maps.Sequence)
	perCPU, perCPULRU := newStore(t, abi.PerCPUHash, 4, 0, 2), newStore(t, abi.LRUPerCPUHash, 4, 0, 2)
	key, value, both := key4(1), make([]byte, 8), make([]byte, 16)
	cases := []struct {
		name string
		op   func(task *maps.Task)
		want []maps.Point
	}{
		{"lookup", func(task *maps.Task) { hash.Lookup(task, key, value) }, []maps.Point{find, word}},
		{"lookup of nothing", func(task *maps.Task) { hash.Lookup(task, key4(9), value) }, []maps.Point{find}},
		{"first key", func(task *maps.Task) { hash.NextKey(task, nil, make([]byte, 4)) }, []maps.Point{find, word}},
		{"update", func(task *maps.Task) { hash.Update(task, key, value, abi.Any) }, []maps.Point{lock}},
		{"delete", func(task *maps.Task) { hash.Delete(task, key4(2)) }, []maps.Point{lock}},
		{"read bucket", func(task *maps.Task) { hash.ReadBucket(task, 0, nil, nil, false) }, []maps.Point{lock}},
		{"lru: fetch free elements, then link", func(task *maps.Task) { lru.Update(task, key4(7), value, abi.Any) },
			[]maps.Point{lock, lock, lock}},
		{"lru: unlink, then give back", func(task *maps.Task) { lru.Delete(task, key4(7)) }, []maps.Point{lock, lock}},
		{"lru lookup", func(task *maps.Task) { lru.Lookup(task, key, value) }, []maps.Point{find, word}},
		{"array lookup", func(task *maps.Task) { array.(maps.Lookuper).Lookup(task, key, value) }, []maps.Point{find, word}},
		{"array update", func(task *maps.Task) { array.(maps.Updater).Update(task, key, value, 0) }, []maps.Point{word}},
		{"per-CPU lookup", func(task *maps.Task) { perCPU.Lookup(task, key, both) }, []maps.Point{find, word, word}},
		{"per-CPU update of a key that is there", func(task *maps.Task) { perCPU.Update(task, key, both, abi.Any) },
			[]maps.Point{lock, word, word}},
		{"per-CPU update by a program", func(task *maps.Task) { perCPU.(maps.PartUpdater).UpdatePart(task, key, value, abi.Any) },
			[]maps.Point{lock, word}},
		{"per-CPU insert", func(task *maps.Task) { perCPU.Update(task, key4(7), both, abi.Any) }, []maps.Point{lock}},
		{"per-CPU lru: take, then find the key, then give back", func(task *maps.Task) { perCPULRU.Update(task, key, both, abi.Any) },
			[]maps.Point{lock, lock, lock, word, word, lock}},
		{"per-CPU lru under EXIST", func(task *maps.Task) { perCPULRU.Update(task, key, both, abi.Exist) }, []maps.Point{lock, word, word}},
		{"push", func(task *maps.Task) { queue.Push(task, value, abi.Any) }, []maps.Point{lock}},
		{"pop", func(task *maps.Task) { queue.Pop(task, value) }, []maps.Point{lock}},
	}
	for _, c := range cases {
		require.Equal(t, c.want, steps(c.op), c.name)
	}
}

// A lock-free reader copies words of two values when its element is replaced twice meanwhile: the second update
// reuses the element that the reader is in.
func TestLookupTorn(t *testing.T) {
	spec := small(abi.Hash, 1, 0)
	spec.ValueSize = 16
	m := must(t, spec).(store)
	update := func(value string) { require.Equal(t, abi.OK, m.Update(on(1), key4(1), []byte(value), abi.Any)) }
	update("old old old old ")
	got := make([]byte, 16)
	r := &recorder{at: 2, interrupt: func() {
		update("mid mid mid mid ")
		update("new new new new ")
	}}
	require.Equal(t, abi.OK, m.Lookup(&maps.Task{Scheduler: r}, key4(1), got))
	require.Equal(t, "old old new new ", string(got))
}

// An array's readers see an update in the middle, word by word.
func TestArrayLookupTorn(t *testing.T) {
	spec := small(abi.Array, 1, 0)
	spec.ValueSize = 16
	m := must(t, spec)
	got := make([]byte, 16)
	r := &recorder{at: 2, interrupt: func() { m.(maps.Updater).Update(on(1), key4(0), []byte("new new new new "), abi.Any) }}
	require.Equal(t, abi.OK, m.(maps.Lookuper).Lookup(&maps.Task{Scheduler: r}, key4(0), got))
	require.Equal(t, "\x00\x00\x00\x00\x00\x00\x00\x00new new ", string(got))
}

// The cursor of a walk vanishes between two calls: the walk starts again.
func TestNextKeyOfDeletedCursor(t *testing.T) {
	m := newStore(t, abi.Hash, 4, 0, 3)
	order := walk(t, m)
	next := make([]byte, 4)
	r := &recorder{at: 0, interrupt: func() { m.Delete(on(1), key4(order[1])) }}
	require.Equal(t, abi.OK, m.NextKey(&maps.Task{Scheduler: r}, key4(order[1]), next))
	require.Equal(t, key4(order[0]), next)
}

// An update between any two steps of a lookup tears an ARRAY's value where Linux's were seen torn, or where its copy must have an
// end too; values that are one word never.
func TestArrayValuesTear(t *testing.T) {
	for size, want := range map[int][]int{
		1: nil, 2: nil, 3: {2}, 4: nil, 5: {4}, 6: {4}, 7: {4, 6}, 8: nil, 9: {8}, 11: {8, 10}, 12: {8}, 15: {8, 12, 14}, 16: {8},
		17: {8, 16}, 24: {8, 16}, 31: {8, 16, 24, 28, 30}, 32: {8, 16, 24},
	} {
		spec := small(abi.Array, 4, 0)
		spec.ValueSize = uint32(size)
		read, written := map[int]bool{}, map[int]bool{}
		for step := range size + 2 {
			m := must(t, spec)
			update := func(task *maps.Task) {
				require.Equal(t, abi.OK, m.(maps.Updater).Update(task, key4(0), bytes.Repeat([]byte{1}, size), abi.Any))
			}
			lookup := func(task *maps.Task) (value []byte) {
				value = make([]byte, size)
				require.Equal(t, abi.OK, m.(maps.Lookuper).Lookup(task, key4(0), value))
				return value
			}
			value := lookup(&maps.Task{Scheduler: &recorder{at: step, interrupt: func() { update(on(0)) }}})
			read[bytes.IndexByte(value, 1)] = true
			m = must(t, spec)
			update(&maps.Task{Scheduler: &recorder{at: step, interrupt: func() { value = lookup(on(0)) }}})
			written[bytes.IndexByte(value, 0)] = true
		}
		for _, cuts := range []map[int]bool{read, written} {
			delete(cuts, -1)
			delete(cuts, 0)
			require.ElementsMatch(t, want, slices.Collect(stdmaps.Keys(cuts)), "%d bytes", size)
		}
	}
}
