package sim

import (
	"fmt"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// words is tasks that read and write words, one a step: what each read, and what is left, are its outcome.
type words struct {
	tasks [][]wordOp
}

// wordOp is a read or a write of a word, or of one under a lock.
type wordOp struct {
	word, lock int // lock 0: none
	write      bool
	// more is further words that are written under the lock, one a step.
	more int
}

func drawWords(t *rapid.T) words {
	op := rapid.Custom(func(t *rapid.T) wordOp {
		return wordOp{
			word: rapid.IntRange(0, 2).Draw(t, "word"), lock: rapid.IntRange(0, 2).Draw(t, "lock"),
			write: rapid.Bool().Draw(t, "write"), more: rapid.IntRange(0, 1).Draw(t, "more"),
		}
	})
	tasks := rapid.SliceOfN(rapid.SliceOfN(op, 1, 3), 2, 3).Draw(t, "tasks")
	return words{tasks: tasks}
}

// build is a machine whose outcome goes to out. Spans are compared where spans says so.
func (w words) build(out *string, spans bool) *Machine {
	m := NewMachine(Options{})
	var memory [3]int
	var locks [3]maps.Lock
	seen := make([][]int, len(w.tasks))
	ran := make(map[string]span)
	for i, ops := range w.tasks {
		m.Spawn(fmt.Sprint("t", i), 0, func(t *Task) {
			for n, op := range ops {
				t.Mark()
				op.do(t, &memory, &locks, 10*i+n, &seen[i])
				if spans {
					first, last := t.Span()
					ran[fmt.Sprint(i, n)] = span{first, last}
				}
			}
		})
	}
	m.Check(func() error {
		*out = fmt.Sprint(seen, memory, order(ran))
		return nil
	})
	return m
}

func (op wordOp) do(t *Task, memory *[3]int, locks *[3]maps.Lock, value int, seen *[]int) {
	if op.lock > 0 {
		locks[op.lock].Lock(&t.Kernel)
		defer locks[op.lock].Unlock()
	}
	for n := range 1 + op.more {
		at := (op.word + n) % len(memory)
		t.Step(maps.PointWord)
		t.Kernel.Touch(maps.Access{Of: maps.Values, From: uint64(at), To: uint64(at) + 1, Write: op.write})
		if op.write {
			memory[at] = value
		} else {
			*seen = append(*seen, memory[at])
		}
	}
}

// order is which spans ended before which others began.
func order(spans map[string]span) []string {
	var pairs []string
	for i, a := range spans {
		for j, b := range spans {
			if a.last < b.first {
				pairs = append(pairs, i+" before "+j)
			}
		}
	}
	slices.Sort(pairs)
	return pairs
}

func outcomes(t require.TestingT, schedules Schedules, build func(*string) *Machine) (all map[string]int, runs int) {
	all = make(map[string]int)
	for schedules.Next() {
		var out string
		_, err := build(&out).Run(schedules)
		if Redundant(err) {
			continue
		}
		require.NoError(t, err)
		all[out]++
		runs++
	}
	return all, runs
}

func TestDPORHasEveryOutcomeOfDFS(t *testing.T) {
	const most = 3000
	var reduced, plain int
	rapid.Check(t, func(t *rapid.T) {
		w, spans := drawWords(t), rapid.Bool().Draw(t, "spans")
		build := func(out *string) *Machine { return w.build(out, spans) }
		all, n := outcomes(t, Limit(NewDFS(Unbounded), most), build)
		some, m := outcomes(t, Limit(NewDPOR(), most), build)
		if m == most {
			return
		}
		if n == most {
			for out := range all {
				require.Contains(t, some, out)
			}
			return
		}
		require.Equal(t, keysOf(all), keysOf(some))
		require.LessOrEqual(t, m, n)
		reduced, plain = reduced+m, plain+n
	})
	t.Logf("%d schedules for %d", reduced, plain)
}

func keysOf(m map[string]int) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestDPORFindsLostUpdate(t *testing.T) {
	_, err := Explore(increments(3), NewDPOR())
	var check *CheckError
	require.ErrorAs(t, err, &check)
	_, again := Shrink(increments(3), err)
	require.ErrorContains(t, again, "3 increments gave")
}

func TestDPORFindsDeadlock(t *testing.T) {
	runs, err := Explore(opposite, NewDPOR())
	var deadlock *DeadlockError
	require.ErrorAs(t, err, &deadlock)
	require.LessOrEqual(t, runs, 3)
}

// Nobody sees steps of private things, so one schedule shows all.
func TestDPORReducesIndependentSteps(t *testing.T) {
	runs, err := Explore(func() *Machine {
		m := NewMachine(Options{})
		for i := range 4 {
			m.Spawn(fmt.Sprint("t", i), 0, func(t *Task) {
				for range 5 {
					t.Step(maps.PointWord)
					t.Kernel.Touch(maps.Access{Of: maps.Private})
				}
			})
		}
		return m
	}, NewDPOR())
	require.NoError(t, err)
	require.Equal(t, 1, runs)
}

// Critical sections come in each order of their tasks, each once.
func TestDPOROrdersCriticalSections(t *testing.T) {
	dpor := NewDPOR()
	runs, err := Explore(critical(3, 2), dpor)
	require.NoError(t, err)
	require.Equal(t, multinomial(2, 2, 2), runs)
}

func TestDPORNeedsAMachine(t *testing.T) {
	referee := NewReferee(NewDPOR())
	task := referee.Join("t")
	other := referee.Join("u")
	require.PanicsWithValue(t, "sim: a DPOR chooses for a Machine only, which tells it what steps touch", func() { _, _ = referee.Next(false, task, other) })
}
