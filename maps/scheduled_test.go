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

func (r *recorder) Touch(*maps.Task, maps.Access) {}

// steps runs op on a task whose steps are noted.
func steps(op func(task *maps.Task)) []maps.Point {
	r := new(recorder)
	op(&maps.Task{Scheduler: r})
	return r.steps
}

const (
	lock  = maps.PointLock
	find  = maps.PointFind
	word  = maps.PointWord
	count = maps.PointCount
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

// Without preallocation others may come in between the look at the number of elements and its change, as on Linux: into the
// last place fit two, and while an element is replaced, there is none for another one.
func TestCountsOfElementsThatAreAllocated(t *testing.T) {
	const first, other, third = 35, 3, 17 // 35 is alone in the first of 2 buckets, in which others would wait for its lock
	fill := func(flags uint32, keys ...uint32) store {
		spec := small(abi.Hash, 2, flags|abi.FlagZeroSeed)
		m := must(t, spec).(store)
		for _, key := range keys {
			require.Equal(t, abi.OK, m.Update(on(0), key4(key), make([]byte, 8), abi.Any))
		}
		return m
	}
	update := func(m store, task *maps.Task, key uint32) abi.Errno {
		return m.Update(task, key4(key), make([]byte, 8), abi.Any)
	}
	for _, flags := range []uint32{0, abi.FlagNoPrealloc} {
		m, inserted := fill(flags, third), abi.EAGAIN
		r := &recorder{at: 1, interrupt: func() { inserted = update(m, on(1), first) }}
		task := &maps.Task{Scheduler: r}
		errno := update(m, task, other)
		require.Equal(t, abi.OK, errno)
		switch flags {
		case 0:
			require.Equal(t, []maps.Point{lock}, r.steps)
		default:
			require.Equal(t, []maps.Point{lock, count}, r.steps)
			require.Equal(t, abi.OK, inserted)
			require.Len(t, walk(t, m), 3)
		}
		m, inserted = fill(flags, other), abi.EAGAIN
		r = &recorder{at: 1, interrupt: func() { inserted = update(m, &maps.Task{CPU: 1, Scheduler: new(recorder)}, first) }}
		require.Equal(t, abi.OK, update(m, &maps.Task{Scheduler: r}, other))
		switch flags {
		case 0:
			require.Equal(t, []maps.Point{lock}, r.steps)
		default:
			require.Equal(t, []maps.Point{lock, count}, r.steps)
			require.Equal(t, abi.E2BIG, inserted)
			require.Equal(t, abi.OK, update(m, on(0), first))
		}
	}
}

// A CPU's spare element is what it replaced last, in any bucket: the next key that it updates is where that was.
func TestSparesAreACPUs(t *testing.T) {
	for _, cpu := range []int{0, 1} {
		m := must(t, small(abi.Hash, 16, abi.FlagZeroSeed)).(store)
		update := func(cpu int, key uint32, value byte) {
			task := &maps.Task{CPU: cpu, Scheduler: new(recorder)}
			require.Equal(t, abi.OK, m.Update(task, key4(key), bytes.Repeat([]byte{value}, 8), abi.Any))
		}
		update(0, 3, 1)
		update(0, 35, 2) // in another bucket
		value := make([]byte, 8)
		r := &recorder{at: 1, interrupt: func() {
			update(0, 3, 3)
			update(cpu, 35, 4)
		}}
		require.Equal(t, abi.OK, m.Lookup(&maps.Task{Scheduler: r}, key4(3), value))
		want := map[int]byte{0: 4, 1: 1}[cpu] // what 35 has now, or what 3 had
		require.Equal(t, bytes.Repeat([]byte{want}, 8), value, "CPU %d", cpu)
	}
}

// GET_NEXT_KEY goes on from the element that it found, wherever that is by then. Keys 24, 22 and 3 are in the last bucket, 35 and 44
// in the first.
func TestNextKeyGoesOnFromWhatItFound(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Hash, abi.LRUHash, abi.PerCPUHash} {
		for _, c := range []struct {
			name    string
			changes []int // a key to be updated or inserted, or -key to be removed
			want    uint32
		}{
			{"behind nothing", nil, 22},
			{"behind a delete", []int{-24}, 22},
			{"behind a delete of the next key", []int{-22}, 3},
			{"behind a delete of the next key, then of its own", []int{-22, -24}, 3},
			{"behind a delete of its key, then of the next", []int{-24, -22}, 22},
			{"in another bucket, whose key got the element", []int{-24, 35}, 44},
			{"in another bucket, which the element has left again", []int{-24, 35, -35}, 44},
			{"behind an update, which moves its key", []int{24}, 22},
		} {
			m := newStore(t, kind, 16, 0, 0)
			task, value := &maps.Task{Scheduler: new(recorder)}, make([]byte, m.ValueBytes())
			for _, key := range []uint32{44, 3, 22, 24} {
				require.Equal(t, abi.OK, m.Update(task, key4(key), value, abi.Any))
			}
			next := make([]byte, 4)
			r := &recorder{at: 1, interrupt: func() {
				for _, key := range c.changes {
					if key < 0 {
						require.Equal(t, abi.OK, m.Delete(task, key4(uint32(-key))))
						continue
					}
					require.Equal(t, abi.OK, m.Update(task, key4(uint32(key)), value, abi.Any))
				}
			}}
			require.Equal(t, abi.OK, m.NextKey(&maps.Task{CPU: 1, Scheduler: r}, key4(24), next))
			require.Equal(t, key4(c.want), next, "%v: %s", kind, c.name)
			require.Equal(t, []maps.Point{find, find, word}, r.steps, c.name)
		}
	}
}

// Between a look at whether an element is still its CPU's latest insertion and that CPU's lock, the CPU may have handed its insertions
// over: then the element goes to the lists of all, as bpf_common_lru_push_free in bpf_lru_list.c has it, which looks again under the
// lock. There it is fetched with a further one, so that the ninth key finds one element less.
func TestGivingBackLooksAgainUnderTheLock(t *testing.T) {
	m := newStore(t, abi.LRUHash, 8, 0, 2)
	insert := func(key uint32) {
		require.Equal(t, abi.OK, m.Update(on(0), key4(key), make([]byte, 8), abi.Any))
	}
	r := &recorder{at: 1, interrupt: func() { insert(3) }}
	require.Equal(t, abi.OK, m.Delete(&maps.Task{Scheduler: r}, key4(1)))
	require.Equal(t, []maps.Point{lock, lock, lock}, r.steps)
	for key := range uint32(6) {
		insert(4 + key)
	}
	require.Equal(t, []uint32{3, 4, 5, 6, 7, 8, 9}, sorted(t, m))
}
