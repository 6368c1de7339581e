package bubble_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/internal/bubble"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

func begin(t *testing.T) *bubble.Session {
	s := bubble.Begin()
	t.Cleanup(s.End)
	return s
}

// counter is a counter that is read and written in steps.
type counter struct {
	r *bubble.Run
	n atomic.Int64
}

func (c *counter) add() {
	c.r.Step("read")
	n := c.n.Load()
	c.r.Step("write")
	c.n.Store(n + 1)
}

// all runs body under every schedule and returns the outcomes.
func all(t *testing.T, s *bubble.Session, o bubble.Options, body func(*bubble.Run)) (outs []bubble.Outcome) {
	for dfs := sim.NewDFS(sim.Unbounded); dfs.Next(); {
		o.Chooser = dfs
		outs = append(outs, s.Run(t, o, body))
		require.NoError(t, outs[len(outs)-1].Err)
	}
	return outs
}

func TestEveryOrderOnce(t *testing.T) {
	s := begin(t)
	sums, lines := map[int64]int{}, map[string]bool{}
	outs := all(t, s, bubble.Options{}, func(r *bubble.Run) {
		c := &counter{r: r}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(c.add)
		}
		wg.Wait()
		sums[c.n.Load()]++
	})
	for _, out := range outs {
		require.Len(t, out.Steps, len(out.Trace.Steps))
		require.False(t, lines[out.Trace.String()])
		lines[out.Trace.String()] = true
	}
	require.Len(t, outs, 90) // 6!/(2!2!2!)
	require.Equal(t, 3, len(sums), "%v", sums)
}

func TestReplay(t *testing.T) {
	s := begin(t)
	var sum int64
	body := func(r *bubble.Run) {
		c := &counter{r: r}
		r.Go("other", c.add)
		c.add()
		r.Step("wait for the other")
		sum = c.n.Load()
	}
	random := sim.NewRandom(1, 50)
	for random.Next() {
		first := s.Run(t, bubble.Options{Chooser: random}, body)
		require.NoError(t, first.Err)
		want := sum
		replay, err := sim.ParseReplay(first.Trace.String())
		require.NoError(t, err)
		again := s.Run(t, bubble.Options{Chooser: replay, Exact: true}, body)
		require.NoError(t, again.Err)
		require.Equal(t, first.Steps, again.Steps)
		require.Equal(t, want, sum)
	}
	replay, err := sim.ParseReplay("1:nobody")
	require.NoError(t, err)
	var choice *sim.ChoiceError
	require.ErrorAs(t, s.Run(t, bubble.Options{Chooser: replay}, body).Err, &choice)
}

// A goroutine waits for a mutex that another holds across a step: synctest.Wait would never return.
func TestMutexHeldAcrossAStep(t *testing.T) {
	s := begin(t)
	for _, exact := range []bool{false, true} {
		outs := all(t, s, bubble.Options{Exact: exact}, func(r *bubble.Run) {
			c := &counter{r: r}
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() {
					mu.Lock()
					defer mu.Unlock()
					c.add()
				})
			}
			wg.Wait()
			require.EqualValues(t, 2, c.n.Load())
		})
		require.Len(t, outs, 1, "the first to come has the mutex")
	}
}

// While a goroutine waits for a mutex virtual time stands still, and whoever waited for it would wait for ever.
func TestClockBesideAMutex(t *testing.T) {
	s := begin(t)
	outs := all(t, s, bubble.Options{HoldUp: time.Second}, func(r *bubble.Run) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				mu.Lock()
				defer mu.Unlock()
				r.Step("call")
			})
		}
		wg.Wait()
	})
	require.Len(t, outs, 4, "time goes on before each call, or not")
}

// That time goes on before a goroutine has begun shows nothing that it would not show later.
func TestNoClockBeforeAStart(t *testing.T) {
	s := begin(t)
	outs := all(t, s, bubble.Options{HoldUp: time.Second}, func(r *bubble.Run) { r.Go("other", func() {}) })
	require.Len(t, outs, 1)
}

func TestTimersRunBesideSteps(t *testing.T) {
	s := begin(t)
	body := func(at time.Duration, seen *[]string) func(*bubble.Run) {
		return func(r *bubble.Run) {
			*seen = nil
			var mu sync.Mutex
			r.Go("timer", func() {
				time.Sleep(at)
				r.Step("tick")
				mu.Lock()
				defer mu.Unlock()
				*seen = append(*seen, "tick")
			})
			for range 2 {
				r.Step("call")
				mu.Lock()
				*seen = append(*seen, "call")
				mu.Unlock()
			}
		}
	}
	var seen []string
	orders := func(o bubble.Options, at time.Duration) map[string]bool {
		all := map[string]bool{}
		for dfs := sim.NewDFS(sim.Unbounded); dfs.Next(); {
			o.Chooser = dfs
			require.NoError(t, s.Run(t, o, body(at, &seen)).Err)
			all[fmt.Sprint(seen)] = true
		}
		return all
	}
	require.Equal(t, map[string]bool{"[call call tick]": true}, orders(bubble.Options{}, time.Second))
	require.Equal(t, map[string]bool{"[call call tick]": true, "[call tick call]": true, "[tick call call]": true}, orders(bubble.Options{HoldUp: time.Minute}, time.Second))
	require.Equal(t, map[string]bool{"[call call tick]": true}, orders(bubble.Options{HoldUp: time.Minute}, time.Hour))
	out := s.Run(t, bubble.Options{Chooser: &sim.First{}}, body(time.Hour, &seen))
	require.True(t, out.Slept)
	require.Equal(t, time.Hour, out.Elapsed)
}

// A body may sleep for long, as long as it makes steps.
func TestLongSleeps(t *testing.T) {
	out := begin(t).Run(t, bubble.Options{Chooser: &sim.First{}}, func(r *bubble.Run) {
		for range 12 {
			time.Sleep(1000 * time.Hour)
			r.Step("call")
		}
	})
	require.NoError(t, out.Err)
	require.Equal(t, 12_000*time.Hour, out.Elapsed)
}

func TestStuck(t *testing.T) {
	s := begin(t)
	run := func(body func(*bubble.Run)) error {
		return s.Run(t, bubble.Options{Chooser: &sim.First{}, Patience: 50 * time.Millisecond, Steps: 100}, body).Err
	}
	stop := make(chan struct{})
	require.ErrorContains(t, run(func(r *bubble.Run) {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
		}
	}), "did not become quiet within 50ms")
	close(stop)
	outside := make(chan struct{})
	require.ErrorContains(t, s.Run(t, bubble.Options{Chooser: &sim.First{}, Patience: 50 * time.Millisecond, Exact: true}, func(r *bubble.Run) { <-outside }).Err,
		"body: chan receive at run_test.go:")
	close(outside)
	require.ErrorContains(t, run(func(r *bubble.Run) { <-make(chan int) }), "deadlock: all goroutines wait for each other, and no timer will wake one\n\tbody: chan receive (durable) at run_test.go:")
	require.ErrorContains(t, run(func(r *bubble.Run) {
		var mu sync.Mutex
		mu.Lock()
		mu.Lock()
	}), "waits for a mutex")
	require.ErrorContains(t, run(func(r *bubble.Run) { go func() { <-make(chan int) }(); r.Step("call") }), "left goroutines behind")
	require.ErrorContains(t, run(func(r *bubble.Run) {
		go func() {
			for {
				r.Step("poll")
				time.Sleep(time.Second)
			}
		}()
		r.Step("call")
	}), "left goroutines behind")
	require.ErrorContains(t, run(func(r *bubble.Run) {
		for {
			r.Step("again")
		}
	}), "no end after 100 steps, 100 of them by body: ")
	require.ErrorContains(t, run(func(r *bubble.Run) {
		go func() {
			for {
				r.Step("again")
			}
		}()
	}), "did not become quiet")
}

func TestGoroutinesOutsideAreFree(t *testing.T) {
	s := begin(t)
	var r *bubble.Run
	ask, answer := make(chan struct{}), make(chan bool)
	go func() { <-ask; answer <- r.Step("outside") }()
	out := s.Run(t, bubble.Options{Chooser: &sim.First{}, Exact: true}, func(run *bubble.Run) {
		r = run
		r.Step("inside")
		close(ask)
		require.False(t, <-answer)
	})
	require.NoError(t, out.Err)
	require.Len(t, out.Steps, 1)
}

func TestNames(t *testing.T) {
	s := begin(t)
	out := s.Run(t, bubble.Options{Chooser: &sim.First{}, Tell: true}, func(r *bubble.Run) {
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { r.Step("call"); r.Told("said") })
		}
		r.Go("data path", func() { r.Step("call") })
		wg.Wait()
		r.Step("call")
	})
	require.NoError(t, out.Err)
	var names []string
	for _, step := range out.Steps {
		names = append(names, step.Task)
		require.Regexp(t, `^run_test.go:\d+$`, step.Place)
	}
	require.ElementsMatch(t, []string{"WaitGroup.Go.func1", "WaitGroup.Go.func1-2", "data_path", "data_path", "body"}, names)
	require.Equal(t, "start", out.Steps[slices.Index(names, "data_path")].Kind)
	require.True(t, slices.ContainsFunc(out.Steps, func(s bubble.Step) bool { return s.Text == "said" }))
}

// Goroutines of one name, which begin together, are told apart by the order in which they were started.
func TestNamesInOrder(t *testing.T) {
	out := begin(t).Run(t, bubble.Options{Chooser: &sim.First{}}, func(r *bubble.Run) {
		for _, kind := range []string{"first", "second", "third"} {
			r.Go("same", func() { r.Step(kind) })
		}
	})
	require.NoError(t, out.Err)
	kinds := map[string]string{}
	for _, step := range out.Steps {
		kinds[step.Task] = step.Kind
	}
	require.Equal(t, map[string]string{"same": "first", "same-2": "second", "same-3": "third"}, kinds)
}

// What is told of a step first stands: it is its call's, and what comes behind it belongs to no step.
func TestToldOnce(t *testing.T) {
	out := begin(t).Run(t, bubble.Options{Chooser: &sim.First{}, Tell: true}, func(r *bubble.Run) {
		r.Step("call")
		r.Told("first")
		r.Told("second")
	})
	require.Equal(t, "first", out.Steps[0].Text)
}

// Nothing changes in the outcome of a run that was given up, although its goroutines go on.
func TestOutcomeStays(t *testing.T) {
	told, goOn := make(chan struct{}), make(chan struct{})
	out := begin(t).Run(t, bubble.Options{Chooser: &sim.First{}, Patience: 50 * time.Millisecond, Exact: true, Tell: true}, func(r *bubble.Run) {
		r.Step("call")
		<-goOn
		r.Told("late")
		close(told)
	})
	require.ErrorContains(t, out.Err, "did not become quiet")
	close(goOn)
	<-told
	require.Empty(t, out.Steps[0].Text)
}

// Where others of the process are busy the length of the queue says nothing.
func TestBusyProcess(t *testing.T) {
	s := begin(t)
	var stop atomic.Bool
	defer stop.Store(true)
	go func() {
		for !stop.Load() {
		}
	}()
	out := s.Run(t, bubble.Options{Chooser: &sim.First{}}, func(r *bubble.Run) {
		r.Go("other", func() { r.Step("call") })
		r.Step("call")
	})
	require.NoError(t, out.Err)
	require.Equal(t, 2, out.Steps[0].Ready)
}

// A goroutine in a system call is waited for: no schedule says when it comes back.
func TestSystemCallsAreWaitedFor(t *testing.T) {
	s := begin(t)
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	defer writer.Close()
	reader.Fd() // makes reads system calls that block
	go func() {
		time.Sleep(50 * time.Millisecond)
		_, _ = writer.Write([]byte{0})
	}()
	out := s.Run(t, bubble.Options{Chooser: &sim.First{}}, func(r *bubble.Run) {
		r.Go("other", func() { r.Step("call") })
		_, err := reader.Read(make([]byte, 1))
		require.NoError(t, err)
		r.Step("call")
	})
	require.NoError(t, out.Err)
	require.Equal(t, 2, out.Steps[0].Ready)
}

func BenchmarkRun(b *testing.B) {
	testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "Run", F: func(t *testing.T) {
		s := begin(t)
		random := sim.NewRandom(1, 1<<40)
		for b.Loop() {
			random.Next()
			out := s.Run(t, bubble.Options{Chooser: random}, func(r *bubble.Run) {
				c := &counter{r: r}
				r.Go("other", func() {
					for range 5 {
						c.add()
					}
				})
				for range 5 {
					c.add()
				}
			})
			require.NoError(b, out.Err)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "schedules/s")
	}}})
}

// What the collector finds is cleaned up between two runs.
func TestCleanupsBetweenRuns(t *testing.T) {
	var cleaned atomic.Int32
	for range 100 {
		runtime.AddCleanup(new([64]byte), func(n *atomic.Int32) { runtime.Gosched(); n.Add(1) }, &cleaned)
	}
	begin(t)
	require.EqualValues(t, 100, cleaned.Load())
}
