package sim

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// increments is the lost update: tasks read a counter in one step and write it back in the next.
func increments(tasks int) Scenario {
	return func() *Machine {
		m := NewMachine(Options{CPUs: tasks})
		counter := 0
		for i := range tasks {
			m.Spawn(fmt.Sprintf("t%d", i), i, func(t *Task) {
				t.Step(maps.PointWord)
				seen := counter
				t.Step(maps.PointWord)
				counter = seen + 1
			})
		}
		m.Check(func() error {
			if counter != tasks {
				return fmt.Errorf("%d increments gave %d", tasks, counter)
			}
			return nil
		})
		return m
	}
}

// critical is tasks that each enter a critical section a number of times under one lock.
func critical(tasks, times int) Scenario {
	return func() *Machine {
		m := NewMachine(Options{CPUs: 1})
		var lock maps.Lock
		inside := 0
		for i := range tasks {
			m.Spawn(fmt.Sprintf("t%d", i), 0, func(t *Task) {
				for range times {
					lock.Lock(&t.Kernel)
					inside++
					t.Step(maps.PointWord)
					if inside != 1 {
						panic(fmt.Sprintf("%d tasks hold the lock", inside))
					}
					inside--
					lock.Unlock()
				}
			})
		}
		return m
	}
}

// opposite takes two locks in opposite orders.
func opposite() *Machine {
	m := NewMachine(Options{CPUs: 2})
	var a, b maps.Lock
	take := func(first, second *maps.Lock) func(*Task) {
		return func(t *Task) {
			first.Lock(&t.Kernel)
			second.Lock(&t.Kernel)
			second.Unlock()
			first.Unlock()
		}
	}
	m.Spawn("ab", 0, take(&a, &b))
	m.Spawn("ba", 1, take(&b, &a))
	return m
}

// idle is tasks of so many steps that do nothing.
func idle(steps ...int) Scenario {
	return func() *Machine {
		m := NewMachine(Options{})
		for i, n := range steps {
			m.Spawn(fmt.Sprintf("t%d", i), 0, func(t *Task) {
				for range n {
					t.Step(maps.PointFind)
				}
			})
		}
		return m
	}
}

func TestFirstNeverPreempts(t *testing.T) {
	trace, err := increments(3)().Run(&First{})
	require.NoError(t, err)
	require.Equal(t, "-", trace.String())
	require.Equal(t, []Step{
		{Task: 0, At: maps.PointWord}, {Task: 0, At: maps.PointWord},
		{Task: 1, At: maps.PointWord}, {Task: 1, At: maps.PointWord},
		{Task: 2, At: maps.PointWord}, {Task: 2, At: maps.PointWord},
	}, trace.Steps)
}

func TestDFSFindsLostUpdate(t *testing.T) {
	_, err := Explore(increments(3), NewDFS(Unbounded))
	var check *CheckError
	require.ErrorAs(t, err, &check)
	trace, small := Shrink(increments(3), err)
	require.Equal(t, 1, trace.Preemptions(), "one preemption loses an update: %v", trace)
	replay, parsed := ParseReplay(trace.String())
	require.NoError(t, parsed)
	_, again := increments(3)().Run(replay)
	require.Equal(t, small, again)
}

func TestDFSWithoutPreemptionsFindsNoLostUpdate(t *testing.T) {
	runs, err := Explore(increments(3), NewDFS(0))
	require.NoError(t, err)
	require.Equal(t, 6, runs, "the orders of three tasks")
}

func TestLocksExclude(t *testing.T) {
	runs, err := Explore(critical(3, 2), NewDFS(Unbounded))
	require.NoError(t, err)
	// A held lock leaves its holder as the only one who can go on: 6 sections in the 6!/(2!2!2!) orders.
	require.Equal(t, 90, runs)
}

func TestDeadlock(t *testing.T) {
	runs, err := Explore(opposite, NewDFS(1))
	var deadlock *DeadlockError
	require.ErrorAs(t, err, &deadlock)
	require.Equal(t, []Wait{{"ab", 1}, {"ba", 2}}, deadlock.Waits)
	require.Equal(t, "1:ba", deadlock.Trace.String())
	require.ErrorContains(t, err, "ab waits for lock 1, ba waits for lock 2 (schedule 1:ba)")
	require.Greater(t, runs, 1, "no deadlock without a preemption")
}

func TestDeadlockWithItself(t *testing.T) {
	m := NewMachine(Options{})
	var lock maps.Lock
	m.Spawn("twice", 0, func(t *Task) {
		lock.Lock(&t.Kernel)
		lock.Lock(&t.Kernel)
	})
	_, err := m.Run(&First{})
	var deadlock *DeadlockError
	require.ErrorAs(t, err, &deadlock)
	require.Equal(t, []Wait{{"twice", 1}}, deadlock.Waits)
}

func TestStepLimit(t *testing.T) {
	m := NewMachine(Options{Steps: 10})
	unwound := 0
	for _, name := range []string{"a", "b"} {
		m.Spawn(name, 0, func(t *Task) {
			defer func() { unwound++ }()
			for {
				t.Step(maps.PointFind)
			}
		})
	}
	trace, err := m.Run(NewRandom(1, 1))
	var limit *StepLimitError
	require.ErrorAs(t, err, &limit)
	require.Len(t, trace.Steps, 10)
	require.Equal(t, 2, unwound, "no coroutine stays behind")
}

func TestPanicIsAnError(t *testing.T) {
	cause := errors.New("cause")
	m := NewMachine(Options{})
	unwound := false
	m.Spawn("good", 0, func(t *Task) {
		defer func() { unwound = true }()
		t.Step(maps.PointFind)
		t.Step(maps.PointFind)
	})
	m.Spawn("bad", 0, func(t *Task) {
		t.Step(maps.PointFind)
		panic(cause)
	})
	replay, err := ParseReplay("1:bad")
	require.NoError(t, err)
	_, err = m.Run(replay)
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, "bad panicked: cause (schedule 1:bad)")
	require.ErrorContains(t, err, "machine_test.go", "the stack shows where")
	require.True(t, unwound, "no coroutine stays behind")
}

func TestPanicBeforeTheFirstStep(t *testing.T) {
	m := NewMachine(Options{})
	m.Spawn("bad", 0, func(*Task) { panic("early") })
	m.Spawn("good", 0, func(t *Task) { t.Step(maps.PointFind) })
	trace, err := m.Run(&First{})
	require.ErrorContains(t, err, "bad panicked: early (schedule -)")
	require.Empty(t, trace.Steps)
}

func TestEmptyMachine(t *testing.T) {
	trace, err := NewMachine(Options{}).Run(&First{})
	require.NoError(t, err)
	require.Empty(t, trace.Steps)
}

func TestMachineMisuse(t *testing.T) {
	nothing := func(*Task) {}
	require.PanicsWithValue(t, `sim: bad task name "a:b"`, func() { NewMachine(Options{}).Spawn("a:b", 0, nothing) })
	require.PanicsWithValue(t, `sim: task "a" on CPU 2 of 2`, func() { NewMachine(Options{CPUs: 2}).Spawn("a", 2, nothing) })
	m := NewMachine(Options{})
	m.Spawn("a", 0, nothing)
	require.PanicsWithValue(t, `sim: two tasks named "a"`, func() { m.Spawn("a", 0, nothing) })
	_, err := m.Run(&First{})
	require.NoError(t, err)
	require.PanicsWithValue(t, "sim: a machine runs once", func() { _, _ = m.Run(&First{}) })
	require.PanicsWithValue(t, `sim: task "b" spawned after Run`, func() { m.Spawn("b", 0, nothing) })
}

func TestSpanIsTight(t *testing.T) {
	m := NewMachine(Options{})
	var spans [2][2]int
	for i, name := range []string{"a", "b"} {
		m.Spawn(name, 0, func(t *Task) {
			t.Mark()
			t.Step(maps.PointFind)
			t.Step(maps.PointFind)
			spans[i][0], spans[i][1] = t.Span()
		})
	}
	replay, err := ParseReplay("1:b")
	require.NoError(t, err)
	_, err = m.Run(replay)
	require.NoError(t, err)
	require.Equal(t, [2][2]int{{0, 3}, {1, 2}}, spans)
}

// Every schedule gives the same trace when it is run again, and when its line is replayed.
func TestReplayGivesTheSameTrace(t *testing.T) {
	scenarios := []Scenario{increments(3), critical(3, 2), opposite, idle(3, 1, 4)}
	rapid.Check(t, func(t *rapid.T) {
		scenario := rapid.SampledFrom(scenarios).Draw(t, "scenario")
		trace, err := scenario().Run(ChooserFunc(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "next") }))
		replay, parsed := ParseReplay(trace.String())
		require.NoError(t, parsed)
		again, errAgain := scenario().Run(replay)
		require.Equal(t, trace, again)
		require.Equal(t, err, errAgain)
	})
}

// A run that ends early leaves no coroutine behind, whatever ended it.
func TestNoCoroutineLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		_, err := Explore(opposite, NewDFS(1))
		require.Error(t, err)
		_, err = Explore(increments(3), NewRandom(1, 10))
		require.Error(t, err)
	}
	// The runtime counts a coroutine that has ended until its goroutine has left the scheduler.
	for i := 0; i < 10_000 && runtime.NumGoroutine() > before; i++ {
		runtime.Gosched()
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
