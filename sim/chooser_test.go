package sim

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// multinomial is the number of ways to interleave independent tasks of so many steps.
func multinomial(steps ...int) int {
	total, ways := 0, 1
	for _, n := range steps {
		for k := 1; k <= n; k++ {
			total++
			ways = ways * total / k
		}
	}
	return ways
}

func TestDFSCountsInterleavings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 3).Draw(t, "steps")
		seen := map[string]bool{}
		dfs := NewDFS(Unbounded)
		for dfs.Next() {
			trace, err := idle(steps...)().Run(dfs)
			require.NoError(t, err)
			require.False(t, seen[trace.String()], "schedule %v twice", trace)
			seen[trace.String()] = true
		}
		require.Equal(t, multinomial(steps...), dfs.Count())
	})
}

// A bounded search sees exactly the schedules of the unbounded one that keep the bound.
func TestDFSBound(t *testing.T) {
	scenario := idle(3, 2, 2)
	preemptions := func(trace Trace) int {
		left, n := map[uint8]int{0: 3, 1: 2, 2: 2}, 0
		for i, s := range trace.Steps {
			if i > 0 && trace.Steps[i-1].Task != s.Task && left[trace.Steps[i-1].Task] > 0 {
				n++
			}
			left[s.Task]--
		}
		return n
	}
	within := map[int]int{}
	for dfs := NewDFS(Unbounded); dfs.Next(); {
		trace, err := scenario().Run(dfs)
		require.NoError(t, err)
		within[preemptions(trace)]++
	}
	want := 0
	for bound := range 5 {
		want += within[bound]
		runs, err := Explore(scenario, NewDFS(bound))
		require.NoError(t, err)
		require.Equal(t, want, runs, "bound %d", bound)
	}
}

func TestSeededChoosersRepeat(t *testing.T) {
	choosers := map[string]func() Schedules{
		"random": func() Schedules { return NewRandom(7, 20) },
		"pct":    func() Schedules { return NewPCT(7, 3, 20) },
	}
	for name, make := range choosers {
		t.Run(name, func(t *testing.T) {
			traces := func() (lines []string) {
				for s := make(); s.Next(); {
					trace, err := critical(3, 3)().Run(s)
					require.NoError(t, err)
					lines = append(lines, trace.String())
				}
				return lines
			}
			first := traces()
			require.Len(t, first, 20)
			require.Equal(t, first, traces())
			require.NotEqual(t, first[1], first[2], "schedules differ")
		})
	}
}

func TestEveryChooserFindsTheLostUpdate(t *testing.T) {
	choosers := map[string]Schedules{
		"random": NewRandom(1, 100), "pct": NewPCT(1, 2, 100), "dfs": NewDFS(1),
	}
	for name, schedules := range choosers {
		t.Run(name, func(t *testing.T) {
			_, err := Explore(increments(2), schedules)
			require.ErrorContains(t, err, "2 increments gave 1")
		})
	}
}

// A bug of depth 2 among 2 tasks of k steps is found at least once in 2*k schedules on average; uniform choices would
// need about 2^k.
func TestPCTFindsWhatRandomMisses(t *testing.T) {
	const steps = 40
	late := func() *Machine {
		m := NewMachine(Options{})
		progress := 0
		m.Spawn("long", 0, func(t *Task) {
			for range steps {
				t.Step(0)
				progress++
			}
		})
		m.Spawn("short", 0, func(t *Task) {
			t.Step(0)
			if progress == steps-1 {
				panic("the last gap")
			}
		})
		return m
	}
	_, err := Explore(late, NewPCT(1, 2, 20*steps))
	require.ErrorContains(t, err, "the last gap")
	_, err = Explore(late, NewRandom(1, 20*steps))
	require.NoError(t, err)
}

func TestParseReplay(t *testing.T) {
	for line, want := range map[string]string{
		"4":       `parse schedule: "4" is not STEP:TASK`,
		"x:a":     `parse schedule: "x:a" is not STEP:TASK`,
		"-1:a":    `parse schedule: "-1:a" is not STEP:TASK`,
		"1:":      `parse schedule: "1:" is not STEP:TASK`,
		"2:a 2:b": "parse schedule: step 2 stands behind step 2",
	} {
		_, err := ParseReplay(line)
		require.EqualError(t, err, want)
	}
}

func TestReplayOfAnotherScenario(t *testing.T) {
	for line, want := range map[string]string{
		"1:nobody":  "1:nobody: no task nobody: the tasks are t0, t1",
		"7:nobody":  "7:nobody: no task nobody: the tasks are t0, t1",
		"0:t1 3:t1": "3:t1: at step 3 only t0 can go on",
		"3:t0":      "3:t0: at step 3 only t1 can go on",
		"9:t1":      "9:t1: the run has 4 steps, 0 to 3",
	} {
		t.Run(line, func(t *testing.T) {
			replay, err := ParseReplay(line)
			require.NoError(t, err)
			_, err = idle(2, 2)().Run(replay)
			var choice *ChoiceError
			require.ErrorAs(t, err, &choice)
			require.EqualError(t, err, "the schedule does not fit: "+want)
		})
	}
	replay, err := ParseReplay("2:t0")
	require.NoError(t, err)
	_, err = idle(2, 2, 2)().Run(replay)
	require.EqualError(t, err, "the schedule does not fit: 2:t0: at step 2 t0 cannot go on, only t1 and t2 can")
}

func TestShrinkKeepsTheKindOfError(t *testing.T) {
	_, err := Explore(opposite, NewRandom(3, 100))
	var deadlock *DeadlockError
	require.ErrorAs(t, err, &deadlock)
	trace, err := Shrink(opposite, err)
	require.ErrorAs(t, err, &deadlock)
	require.LessOrEqual(t, trace.Preemptions(), 2)
}

func BenchmarkStep(b *testing.B) {
	for name, c := range map[string]Chooser{"first": &First{}, "random": NewRandom(1, 1), "pct": NewPCT(1, 3, 1)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			m := NewMachine(Options{Steps: b.N + 1})
			for i := range 2 {
				m.Spawn(fmt.Sprintf("t%d", i), 0, func(t *Task) {
					for range b.N / 2 {
						t.Step(0)
					}
				})
			}
			b.ResetTimer()
			_, err := m.Run(c)
			require.NoError(b, err)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}

func BenchmarkSchedule(b *testing.B) {
	for name, s := range map[string]Schedules{"random": NewRandom(1, 1<<30), "dfs": NewDFS(Unbounded)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			scenario := idle(5, 5)
			for b.Loop() {
				if !s.Next() {
					s = NewDFS(Unbounded)
				}
				_, err := scenario().Run(s)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "schedules/s")
		})
	}
}
