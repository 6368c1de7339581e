package sim

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func word(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
func key(n uint32) []byte  { return binary.LittleEndian.AppendUint32(nil, n) }

// create makes a map of 4-byte keys (none for queues and stacks) and values of so many bytes.
func create(m *Machine, typ abi.MapType, valueSize, entries uint32) int32 {
	args := bpfsys.MapCreate{Type: typ, KeySize: 4, ValueSize: valueSize, MaxEntries: entries}
	switch typ {
	case abi.Queue, abi.Stack:
		args.KeySize = 0
	case abi.Hash, abi.LRUHash:
		args.Flags = abi.FlagZeroSeed
	}
	fd, errno := m.User().Create(args)
	must(errno)
	return fd
}

// must ends a scenario that does not work at all.
func must(errno abi.Errno) {
	if errno != abi.OK {
		panic(errno)
	}
}

// arrayCounter is the lost update on an array of one counter: by system calls, and by programs in place with or
// without an atomic addition.
func arrayCounter(add func(t *Task, fd int32)) Scenario {
	return func() *Machine {
		m := NewMachine(Options{CPUs: 2, PrivateMemory: true})
		fd := create(m, abi.Array, 8, 1)
		m.Spawn("alice", 0, func(t *Task) { add(t, fd) })
		m.Spawn("bob", 1, func(t *Task) { add(t, fd) })
		m.Check(func() error {
			value, errno := m.User().Lookup(fd, key(0))
			must(errno)
			if n := binary.LittleEndian.Uint64(value); n != 2 {
				return fmt.Errorf("the counter is %d", n)
			}
			return nil
		})
		return m
	}
}

func addByCalls(t *Task, fd int32) {
	value, errno := t.User().Lookup(fd, key(0))
	must(errno)
	must(t.User().Update(fd, key(0), word(binary.LittleEndian.Uint64(value)+1), abi.Any))
}

func addInPlace(t *Task, fd int32) {
	value, _ := t.Program().Lookup(t.machine.Map(fd), key(0))
	value.Store(&t.Kernel, 0, value.Load(&t.Kernel, 0)+1)
}

func addAtomically(t *Task, fd int32) {
	value, _ := t.Program().Lookup(t.machine.Map(fd), key(0))
	value.Add(&t.Kernel, 0, 1)
}

func TestArrayCounterLosesUpdates(t *testing.T) {
	for name, add := range map[string]func(*Task, int32){"calls": addByCalls, "programs": addInPlace} {
		t.Run(name, func(t *testing.T) {
			_, err := Explore(arrayCounter(add), NewDFS(Unbounded))
			require.ErrorContains(t, err, "the counter is 1")
			trace, err := Shrink(arrayCounter(add), err)
			require.ErrorContains(t, err, "the counter is 1")
			require.Equal(t, 1, trace.Preemptions(), "%v", trace)
		})
	}
	runs, err := Explore(arrayCounter(addAtomically), NewDFS(Unbounded))
	require.NoError(t, err)
	require.Equal(t, multinomial(2, 2), runs)
}

// A value longer than a word is copied without a lock, so a lookup can see half of an update.
func TestArrayLookupTears(t *testing.T) {
	scenario := func() *Machine {
		m := NewMachine(Options{CPUs: 2})
		fd := create(m, abi.Array, 16, 1)
		m.Spawn("writer", 0, func(t *Task) {
			must(t.User().Update(fd, key(0), append(word(1), word(1)...), abi.Any))
		})
		m.Spawn("reader", 1, func(t *Task) {
			value, errno := t.User().Lookup(fd, key(0))
			must(errno)
			if string(value[:8]) != string(value[8:]) {
				panic("torn")
			}
		})
		return m
	}
	_, err := Explore(scenario, NewDFS(1))
	require.ErrorContains(t, err, "reader panicked: torn")
}

// Hash types link whole elements: a queue neither loses nor repeats a value, whoever pops.
func TestQueueConserves(t *testing.T) {
	runs, err := Explore(queueScenario, NewDFS(3))
	require.NoError(t, err)
	require.Greater(t, runs, 10)
}

func queueScenario() *Machine {
	m := NewMachine(Options{CPUs: 2, PrivateMemory: true})
	fd := create(m, abi.Queue, 8, 8)
	got := map[uint64]int{}
	for i := range uint64(2) {
		m.Spawn(fmt.Sprintf("push%d", i), int(i), func(t *Task) {
			must(t.Program().Push(t.machine.Map(fd), word(i), abi.Any))
			must(t.User().Update(fd, nil, word(10+i), abi.Any))
		})
		m.Spawn(fmt.Sprintf("pop%d", i), int(i), func(t *Task) {
			for range 3 {
				if value, errno := t.User().LookupAndDelete(fd, nil); errno == abi.OK {
					got[binary.LittleEndian.Uint64(value)]++
				}
			}
		})
	}
	m.Check(func() error {
		for value, errno := m.User().LookupAndDelete(fd, nil); errno == abi.OK; value, errno = m.User().LookupAndDelete(fd, nil) {
			got[binary.LittleEndian.Uint64(value)]++
		}
		if want := map[uint64]int{0: 1, 1: 1, 10: 1, 11: 1}; fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("popped %v", got)
		}
		return nil
	})
	return m
}

// A key's value vanishes while it is dumped, and the walk starts again: the RFC's loop with its one key buffer.
func TestDumpMeetsADelete(t *testing.T) {
	longest := 0
	for dfs := NewDFS(2); dfs.Next(); {
		m := NewMachine(Options{CPUs: 2, PrivateMemory: true})
		fd := create(m, abi.Hash, 8, 4)
		for i := range uint32(3) {
			must(m.User().Update(fd, key(i), word(uint64(i)), abi.Any))
		}
		m.Spawn("walker", 0, func(t *Task) {
			records, _, errno := t.User().Dump(fd, nil, 12*8)
			must(errno)
			longest = max(longest, len(records)/12)
		})
		m.Spawn("eraser", 1, func(t *Task) {
			for i := range uint32(3) {
				must(t.User().Delete(fd, key(i)))
				must(t.User().Update(fd, key(i), word(9), abi.Any))
			}
		})
		_, err := m.Run(dfs)
		require.NoError(t, err)
	}
	require.Greater(t, longest, 3, "some schedule repeats a key")
}

func TestSignalInterruptsDump(t *testing.T) {
	seen, again := map[abi.Errno]bool{}, map[abi.Errno]bool{}
	for dfs := NewDFS(Unbounded); dfs.Next(); {
		m := NewMachine(Options{PrivateMemory: true})
		fd := create(m, abi.Hash, 8, 4)
		must(m.User().Update(fd, key(1), word(1), abi.Any))
		walker := m.Spawn("walker", 0, func(t *Task) {
			_, _, errno := t.User().Dump(fd, nil, 12*4)
			seen[errno] = true
			if errno == abi.EINTR { // its handler has run
				_, _, errno = t.User().Dump(fd, nil, 12*4)
				again[errno] = true
			}
		})
		m.Spawn("killer", 0, func(t *Task) { t.Signal(walker) })
		_, err := m.Run(dfs)
		require.NoError(t, err)
	}
	require.Equal(t, map[abi.Errno]bool{abi.OK: true, abi.EINTR: true}, seen)
	require.Equal(t, map[abi.Errno]bool{abi.OK: true}, again)
}

// Copies from and to memory that is private are no steps, all else is.
func TestPrivateMemoryIsNoStep(t *testing.T) {
	for private, want := range map[bool][]maps.Point{
		true:  {maps.PointLock},
		false: {maps.PointUser, maps.PointUser, maps.PointUser, maps.PointLock}, // attr, key, value
	} {
		m := NewMachine(Options{PrivateMemory: private})
		fd := create(m, abi.Hash, 8, 4)
		m.Spawn("user", 0, func(t *Task) { t.User().Update(fd, key(1), word(1), abi.Any) })
		trace, err := m.Run(new(First))
		require.NoError(t, err)
		var points []maps.Point
		for _, step := range trace.Steps {
			points = append(points, step.At)
		}
		require.Equal(t, want, points)
	}
}

// Every call that User has, without any other task: what goes in comes out.
func TestUserCalls(t *testing.T) {
	m := NewMachine(Options{CPUs: 2})
	fd := create(m, abi.Hash, 8, 8)
	m.Spawn("user", 1, func(task *Task) {
		u := task.User()
		n, errno := u.UpdateBatch(fd, append(key(1), key(2)...), append(word(10), word(20)...), 2)
		require.Equal(t, abi.OK, errno)
		require.Equal(t, 2, n)
		batch, errno := u.LookupBatch(fd, nil, 8)
		require.Equal(t, abi.ENOENT, errno)
		require.Equal(t, 2, batch.Count)
		first, errno := u.NextKey(fd, nil)
		require.Equal(t, abi.OK, errno)
		require.Equal(t, batch.Keys[:4], first)
		records, cursor, errno := u.Dump(fd, first, 100)
		require.Equal(t, abi.OK, errno)
		require.Equal(t, append(batch.Keys[4:8:8], batch.Values[8:]...), records)
		require.Equal(t, batch.Keys[4:], cursor)
		value, errno := u.LookupAndDelete(fd, key(1))
		require.Equal(t, abi.OK, errno)
		require.Equal(t, word(10), value)
		n, errno = u.DeleteBatch(fd, key(2), 1)
		require.Equal(t, abi.OK, errno)
		require.Equal(t, 1, n)
		batch, errno = u.LookupAndDeleteBatch(fd, nil, 8)
		require.Equal(t, abi.ENOENT, errno)
		require.Zero(t, batch.Count)
		require.Equal(t, abi.OK, u.Freeze(fd))
		require.Equal(t, abi.EPERM, u.Update(fd, key(1), word(1), abi.Any))
		require.Equal(t, abi.EBADF, u.Delete(99, key(1)))
	})
	_, err := m.Run(&First{})
	require.NoError(t, err)
}

// A program's lookup is a use, a system call's is not: the element that the program looked at outlives the others.
func TestProgramLookupKeepsAnLRUElement(t *testing.T) {
	survives := func(look func(*Task, int32)) bool {
		m := NewMachine(Options{})
		fd := create(m, abi.LRUHash, 8, 4)
		m.Spawn("user", 0, func(t *Task) {
			for i := range uint32(4) {
				must(t.Program().Update(m.Map(fd), key(i), word(0), abi.Any))
			}
			look(t, fd)
			must(t.User().Update(fd, key(100), word(0), abi.Any))
		})
		_, err := m.Run(&First{})
		require.NoError(t, err)
		_, errno := m.User().Lookup(fd, key(0))
		return errno == abi.OK
	}
	require.True(t, survives(func(t *Task, fd int32) { t.Program().Lookup(t.machine.Map(fd), key(0)) }))
	require.False(t, survives(func(t *Task, fd int32) {
		_, errno := t.User().Lookup(fd, key(0))
		must(errno)
	}))
}

func TestProgramHelpersThatATypeLacks(t *testing.T) {
	m := NewMachine(Options{})
	array, queue := m.Map(create(m, abi.Array, 8, 1)), m.Map(create(m, abi.Queue, 8, 1))
	require.Nil(t, m.Map(77))
	m.Spawn("program", 0, func(task *Task) {
		p := task.Program()
		require.Equal(t, abi.EINVAL, p.Delete(array, key(0)))
		require.Equal(t, abi.ENOTSUPP, p.Push(array, word(0), abi.Any))
		require.Equal(t, abi.ENOTSUPP, p.Update(queue, nil, word(0), abi.Any))
		_, found := p.Lookup(queue, nil)
		require.False(t, found)
		require.Equal(t, abi.ENOENT, p.Peek(queue, word(0)))
		require.Equal(t, abi.ENOENT, p.Pop(queue, word(0)))
	})
	_, err := m.Run(&First{})
	require.NoError(t, err)
}

// Map operations of every kind replay like any other step.
func TestMapSchedulesReplay(t *testing.T) {
	types := []abi.MapType{abi.Hash, abi.LRUHash, abi.Array}
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(types).Draw(t, "type")
		ops := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, 1<<10-1), 1, 5), 2, 3).Draw(t, "ops")
		var log []string
		scenario := func() *Machine {
			log = nil
			m := NewMachine(Options{CPUs: 2})
			fd := create(m, typ, 12, 4)
			for i, list := range ops {
				m.Spawn(fmt.Sprintf("t%d", i), i%2, func(t *Task) {
					for _, op := range list {
						log = append(log, fmt.Sprint(i, op, anyOperation(t, fd, op)))
					}
				})
			}
			return m
		}
		trace, err := scenario().Run(ChooserFunc(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "next") }))
		require.NoError(t, err)
		first := log
		replay, err := ParseReplay(trace.String())
		require.NoError(t, err)
		again, err := scenario().Run(replay)
		require.NoError(t, err)
		require.Equal(t, trace, again)
		require.Equal(t, first, log)
	})
}

func anyOperation(t *Task, fd int32, op int) string {
	k, u := key(uint32(op/8%6)), t.User()
	value := append(word(uint64(op)), key(7)...)
	switch op % 8 {
	case 0:
		return fmt.Sprint(u.Lookup(fd, k))
	case 1:
		return fmt.Sprint(u.NextKey(fd, k))
	case 2:
		return fmt.Sprint(u.Delete(fd, k))
	case 3:
		return fmt.Sprint(u.Dump(fd, k, 64))
	case 4:
		return fmt.Sprint(u.LookupBatch(fd, nil, 8))
	case 5:
		if v, ok := t.Program().Lookup(t.machine.Map(fd), k); ok {
			v.Store(&t.Kernel, 1, v.Load(&t.Kernel, 0))
		}
		return ""
	case 6:
		return t.Program().Update(t.machine.Map(fd), k, value, abi.Any).String()
	}
	return u.Update(fd, k, value, abi.Any).String()
}

func BenchmarkMapSchedule(b *testing.B) {
	b.ReportAllocs()
	scenario := arrayCounter(addInPlace)
	s := NewRandom(1, 1<<40)
	for b.Loop() {
		s.Next()
		_, _ = scenario().Run(s)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "schedules/s")
}
