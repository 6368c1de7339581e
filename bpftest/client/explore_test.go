package client

import (
	"flag"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// count adds one to a counter by two calls.
func count(t testing.TB, m *ebpf.Map) {
	var n uint64
	require.NoError(t, m.Lookup(uint32(0), &n))
	require.NoError(t, m.Put(uint32(0), n+1))
}

// counters is a map of one counter in a kernel of the run's own.
func counters(t testing.TB) (*ebpf.Map, *bpftest.Map) {
	k := bpftest.Kernel(t)
	m := newMap(t, ebpf.MapSpec{Name: "counters", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	return m, k.Map("counters")
}

// loses has two goroutines count, and expects 2.
func loses(t *bpftest.T) {
	m, _ := counters(t)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { count(t, m) })
	}
	wg.Wait()
	var n uint64
	require.NoError(t, m.Lookup(uint32(0), &n))
	require.EqualValues(t, 2, n)
}

func TestExploreFindsALostUpdate(t *testing.T) {
	for _, strategy := range []bpftest.Strategy{bpftest.DFS, bpftest.PCT, bpftest.Random} {
		found := bpftest.Search(t, bpftest.ExploreOptions{Strategy: strategy, Budget: 200}, loses)
		require.NotNil(t, found.Failure)
		require.Contains(t, found.Failure.Message, "expected: int(2)")
		require.Len(t, found.Failure.Story, 8)
		require.Regexp(t, `^WaitGroup.Go.func1(-2)? +starts +explore_test.go:\d+$`, found.Failure.Story[0])
		require.Regexp(t, `(?m)^WaitGroup.Go.func1(-2)? +lookup counters 0 = 0 +explore_test.go:\d+$`, strings.Join(found.Failure.Story, "\n"))
		require.Regexp(t, `^body +lookup counters 0 = 1 +explore_test.go:\d+$`, found.Failure.Story[7])
		require.Contains(t, found.String(), "-run '^TestExploreFindsALostUpdate$' -bpftest.replay='"+found.Failure.Replay+"'")
		require.Contains(t, asReplay(t, found.Failure.Replay, loses).Failure.Message, "expected: int(2)")
	}
}

// What has nothing to do with a failure is left out of its order.
func TestExploreShrinks(t *testing.T) {
	for seed := range uint64(5) {
		found := bpftest.Search(t, bpftest.ExploreOptions{Strategy: bpftest.Random, Seed: seed}, func(t *bpftest.T) {
			m, program := counters(t)
			for _, name := range []string{"one", "two"} {
				t.Go(name, func() {
					for range 4 {
						require.NoError(t, program.Lookup(uint32(0), new(uint64)))
					}
				})
			}
			t.Go("three", func() { count(t, m) })
			t.Go("four", func() { count(t, m) })
			t.Cleanup(func() {
				var n uint64
				require.NoError(t, m.Lookup(uint32(0), &n))
				require.EqualValues(t, 2, n)
			})
		})
		require.NotNil(t, found.Failure)
		require.LessOrEqual(t, len(strings.Fields(found.Failure.Replay)), 3, found.Failure.Replay)
	}
}

// asReplay has the flag say which order runs.
func asReplay(t *testing.T, line string, body func(*bpftest.T)) bpftest.Exploration {
	require.NoError(t, flag.Set("bpftest.replay", line))
	defer flag.Set("bpftest.replay", "")
	return bpftest.Search(t, bpftest.ExploreOptions{}, body)
}

func TestExploreReplays(t *testing.T) {
	found := asReplay(t, "2:WaitGroup.Go.func1-2", loses)
	require.Equal(t, 1, found.Orders)
	require.Contains(t, found.Failure.Message, "expected: int(2)")
	require.Nil(t, asReplay(t, "-", loses).Failure)
	require.Contains(t, asReplay(t, "0:two", whoIsLast).Failure.Message, "last was one", "an order of its own, though the first one fails, too")
	require.Contains(t, asReplay(t, "-", whoIsLast).Failure.Message, "last was two")
	require.Contains(t, asReplay(t, "1:nobody", loses).Failure.Message, "the schedule does not fit: 1:nobody: no task nobody")
	require.Contains(t, asReplay(t, "x", loses).Failure.Message, `-bpftest.replay: parse schedule: "x" is not STEP:TASK`)
}

// whoIsLast fails in each order, with a word of its own.
func whoIsLast(t *bpftest.T) {
	m, _ := counters(t)
	last := ""
	for _, name := range []string{"one", "two"} {
		t.Go(name, func() {
			require.NoError(t, m.Put(uint32(0), uint64(1)))
			last = name
		})
	}
	t.Cleanup(func() { t.Error("last was " + last) })
}

// A budget that ends before the orders do is no proof.
func TestExploreBudget(t *testing.T) {
	body := func(t *bpftest.T) {
		m, _ := counters(t)
		for _, name := range []string{"one", "two"} {
			t.Go(name, func() { require.NoError(t, m.Put(uint32(0), uint64(1))) })
		}
	}
	all := bpftest.Search(t, bpftest.ExploreOptions{}, body)
	require.True(t, all.All)
	require.Contains(t, all.String(), "all within the bound")
	some := bpftest.Search(t, bpftest.ExploreOptions{Budget: all.Orders - 1}, body)
	require.Equal(t, all.Orders-1, some.Orders)
	require.False(t, some.All)
	require.Contains(t, some.String(), "there are more: raise Budget")
	require.False(t, bpftest.Search(t, bpftest.ExploreOptions{Strategy: bpftest.Random, Budget: 3}, body).All)
}

// A mutex that is held across calls makes two calls one, and who gets it is explored, whether the race detector is on or not.
func TestExploreMutex(t *testing.T) {
	var mu sync.Mutex
	orders := map[string]bool{}
	found := bpftest.Search(t, bpftest.ExploreOptions{Bound: bpftest.Unbounded}, func(t *bpftest.T) {
		m, _ := counters(t)
		order := ""
		for _, name := range []string{"one", "two"} {
			t.Go(name, func() {
				mu.Lock()
				defer mu.Unlock()
				order += name
				count(t, m)
			})
		}
		t.Go("other", func() { require.NoError(t, m.Lookup(uint32(0), new(uint64))) })
		t.Cleanup(func() {
			var n uint64
			require.NoError(t, m.Lookup(uint32(0), &n))
			require.EqualValues(t, 2, n)
			orders[order] = true
		})
	})
	require.Nil(t, found.Failure, "%v", found)
	require.Equal(t, map[string]bool{"onetwo": true, "twoone": true}, orders)
	// Starts, calls, and the mutex where its holder is in the middle: counted by hand from what each goroutine can do.
	require.Contains(t, found.String(), "no failure in 200 orders of calls (all within the bound)")
}

// While a goroutine waits for a mutex, its holder may sleep, and wait for others: time goes on.
func TestExploreMutexOfASleeper(t *testing.T) {
	for _, lock := range []func() (sync.Locker, sync.Locker){
		func() (sync.Locker, sync.Locker) { var mu sync.Mutex; return &mu, &mu },
		func() (sync.Locker, sync.Locker) { var mu sync.RWMutex; return &mu, mu.RLocker() },
		func() (sync.Locker, sync.Locker) { var mu sync.RWMutex; return mu.RLocker(), &mu },
	} {
		found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
			m, _ := counters(t)
			sleeper, other := lock()
			begun := time.Now()
			t.Go("sleeper", func() {
				sleeper.Lock()
				defer sleeper.Unlock()
				count(t, m)
				time.Sleep(time.Hour)
			})
			t.Go("other", func() {
				time.Sleep(time.Minute)
				other.Lock()
				defer other.Unlock()
				require.GreaterOrEqual(t, time.Since(begun), time.Hour)
				count(t, m)
			})
		})
		require.Nil(t, found.Failure, "%v", found)
		require.True(t, found.All)
	}
}

// Goroutines that wait for each other's mutexes for ever are told of.
func TestExploreDeadlock(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, _ := counters(t)
		var one, two sync.Mutex
		lock := func(first, second *sync.Mutex) func() {
			return func() {
				first.Lock()
				defer first.Unlock()
				count(t, m)
				second.Lock()
				defer second.Unlock()
			}
		}
		t.Go("one", lock(&one, &two))
		t.Go("two", lock(&two, &one))
	})
	require.NotNil(t, found.Failure, "%v", found)
	require.Contains(t, found.Failure.Message, "deadlock: all goroutines wait for each other, and no timer will wake one")
	require.Regexp(t, `one: waits: lock at explore_test.go:\d+`, found.Failure.Message)
	require.Contains(t, strings.Join(found.Failure.Story, "\n"), "starts")
}

// A program's operations are steps as well.
func TestExplorePrograms(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, program := counters(t)
		t.Go("program", func() { require.NoError(t, program.OnCPU(1).Put(uint32(0), uint64(100))) })
		count(t, m)
		t.Cleanup(func() {
			var n uint64
			require.NoError(t, m.Lookup(uint32(0), &n))
			require.NotEqualValues(t, 1, n, "the program was overwritten")
		})
	})
	require.Regexp(t, `^program +update counters 0 = 100`, found.Failure.Story[2])
}

// What stands for a program runs on several CPUs, fired by the test or by the agent's BPF_PROG_TEST_RUN, and its operations are steps.
func TestExploreStandIns(t *testing.T) {
	who := map[string]string{"fired": "packet-2", "run": "count-2 "}
	for name, fire := range map[string]func(*bpftest.Handle, *ebpf.Program, int){
		"fired": func(k *bpftest.Handle, _ *ebpf.Program, cpu int) { k.Prog("count").OnCPU(cpu).Fire(make([]byte, 64)) },
		"run": func(_ *bpftest.Handle, p *ebpf.Program, _ int) {
			_, _, err := p.Test(make([]byte, 64))
			require.NoError(t, err)
		},
	} {
		found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
			k := bpftest.Kernel(t)
			m := newMap(t, ebpf.MapSpec{Name: "counters", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
			program := counter(t, m)
			k.StandIn("count", func(c *bpftest.Context) int {
				var n uint64
				require.NoError(t, c.Map("counters").Lookup(uint32(0), &n))
				require.NoError(t, c.Map("counters").Put(uint32(0), n+1))
				return 2
			})
			for cpu := range 2 {
				t.Go("packet", func() { fire(k, program, cpu) })
			}
			t.Cleanup(func() {
				var n uint64
				require.NoError(t, m.Lookup(uint32(0), &n))
				require.EqualValues(t, 2, n)
			})
		})
		require.NotNil(t, found.Failure, name)
		require.Contains(t, found.Failure.Message, "expected: int(2)", name)
		require.Contains(t, strings.Join(found.Failure.Story, "\n"), who[name]+"  lookup counters 0 = 0")
	}
}

// Timers fire while a call is held up, as long as that may be.
func TestExploreTimers(t *testing.T) {
	body := func(t *bpftest.T) {
		m, _ := counters(t)
		t.Go("late", func() {
			time.Sleep(time.Second)
			count(t, m)
		})
		count(t, m)
		time.Sleep(time.Hour)
		var n uint64
		require.NoError(t, m.Lookup(uint32(0), &n))
		require.EqualValues(t, 2, n)
	}
	require.Nil(t, bpftest.Search(t, bpftest.ExploreOptions{}, body).Failure)
	found := bpftest.Search(t, bpftest.ExploreOptions{HoldUp: time.Minute}, body)
	require.Contains(t, found.Failure.Story, "clock  time goes on")
	require.Nil(t, bpftest.Search(t, bpftest.ExploreOptions{HoldUp: -1}, body).Failure)
}

func TestExploreBadBodies(t *testing.T) {
	var o bpftest.ExploreOptions
	message := func(body func(*bpftest.T)) string {
		found := bpftest.Search(t, o, body)
		require.NotNil(t, found.Failure)
		return found.Failure.Message
	}
	require.Contains(t, message(func(t *bpftest.T) {
		m, _ := counters(t)
		t.Go("program", func() { panic("oops") })
		count(t, m)
	}), "program panicked: oops\n")
	require.Contains(t, message(func(t *bpftest.T) { counters(t); panic("oops") }), "the body panicked: oops\n")
	require.Contains(t, message(func(t *bpftest.T) {
		m, _ := counters(t)
		go func() {
			for m.Lookup(uint32(0), new(uint64)) == nil {
			}
		}()
		time.Sleep(time.Hour)
	}), "no end after 10000 steps, 10000 of them by ")
	require.Contains(t, message(func(t *bpftest.T) {
		m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "nowhere", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		require.NoError(t, err)
		defer m.Close()
		count(t, m)
	}), "the body makes calls and has no kernel of its own")
	stop := make(chan struct{})
	o.Patience = 50 * time.Millisecond // other bodies take longer on a busy machine
	require.Contains(t, message(func(t *bpftest.T) {
		counters(t)
		for {
			select {
			case <-stop:
				return
			default:
			}
		}
	}), "the body did not become quiet within 50ms: ")
	close(stop)
	o.Patience = 0
	require.Contains(t, message(func(t *bpftest.T) {
		m, _ := counters(t)
		count(t, m)
		go func() { <-make(chan int) }()
	}), "left goroutines behind: end what it starts")
	require.Contains(t, message(func(t *bpftest.T) {
		bpftest.Kernel(t)
		_, err := ebpf.NewMap(&ebpf.MapSpec{Name: "leaked", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		require.NoError(t, err)
	}), `bpftest: map "leaked" (ARRAY, id 1), made at `)
	require.Contains(t, message(func(t *bpftest.T) {
		m, _ := counters(t)
		require.NoError(t, unix.Close(m.FD()))
		require.NoError(t, m.Lookup(uint32(0), new(uint64)))
	}), "bad file descriptor")
	runs := 0
	require.Contains(t, message(func(t *bpftest.T) {
		m, _ := counters(t)
		runs++
		for range 1 + runs%2 {
			count(t, m)
		}
		t.Go("other", func() { count(t, m) })
	}), "the body does not repeat itself: at step ")
	bpftest.Kernel(t, bpftest.AllowLeaks()) // what is left behind keeps no kernel
}

// A test's own kind of T that has Explore's inside, whose run dies.
func TestExploreWrapped(t *testing.T) {
	type suite struct{ testing.TB }
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, _ := counters(suite{t})
		count(t, m)
		<-make(chan int)
	})
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "deadlock")
	bpftest.Kernel(t, bpftest.AllowLeaks())
}

// A mutex that a goroutine outside of the body holds is given back without a step of anybody's.
func TestExploreMutexOfAnOutsider(t *testing.T) {
	var mu sync.Mutex
	wanted, held := make(chan struct{}), make(chan struct{})
	var outsider sync.WaitGroup
	outsider.Go(func() {
		for range wanted {
			mu.Lock()
			held <- struct{}{}
			_ = unix.Nanosleep(&unix.Timespec{Nsec: 2e6}, nil) // in a system call, as a cleanup that unmaps memory
			mu.Unlock()
		}
	})
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, _ := counters(t)
		wanted <- struct{}{}
		<-held
		mu.Lock()
		count(t, m)
		mu.Unlock()
	})
	close(wanted)
	outsider.Wait()
	require.Nil(t, found.Failure)
}

// The simulator gives the memory of a mappable array back in the middle of a run, by no goroutine that could be taken for one of the body's.
func TestExploreMappedMemory(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		bpftest.Kernel(t)
		mapped, err := ebpf.NewMap(&ebpf.MapSpec{Name: "mapped", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: unix.BPF_F_MMAPABLE})
		require.NoError(t, err)
		require.NoError(t, mapped.Close())
		m := newMap(t, oneFlow)
		require.NoError(t, m.Put(uint32(1), uint64(2)))
		t.Error("to see the story")
	})
	require.Len(t, found.Failure.Story, 1)
	require.Regexp(t, `^body +update flows 1 = 2 `, found.Failure.Story[0])
}

// What makes an object that nobody else knows yet, or asks what one is, is no step.
func TestExplorePrivateCalls(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, _ := counters(t)
		p := returning(t, ebpf.ProgramSpec{Name: "count", Type: ebpf.XDP})
		defer p.Close()
		_, err := p.Info()
		require.NoError(t, err)
		require.NoError(t, m.Put(uint32(0), uint64(2)))
		t.Error("to see the story")
	})
	require.Len(t, found.Failure.Story, 1)
	require.Regexp(t, `^body +update counters 0 = 2 `, found.Failure.Story[0])
}

func TestExploreSkips(t *testing.T) {
	t.Run("body", func(t *testing.T) {
		defer func() { require.True(t, t.Skipped()) }()
		bpftest.Explore(t, bpftest.ExploreOptions{}, func(t *bpftest.T) { t.Skip("not today") })
	})
}

// BenchmarkExplore runs bodies of 20 calls.
func BenchmarkExplore(b *testing.B) {
	testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "Explore", F: func(t *testing.T) {
		begun, before := time.Now(), used()
		found := bpftest.Search(t, bpftest.ExploreOptions{Strategy: bpftest.Random, Budget: 3000}, func(t *bpftest.T) {
			m, _ := counters(t)
			t.Go("other", func() {
				for range 5 {
					count(t, m)
				}
			})
			for range 5 {
				count(t, m)
			}
		})
		require.Nil(t, found.Failure)
		b.ReportMetric(float64(found.Orders)/time.Since(begun).Seconds(), "orders/s")
		b.ReportMetric(float64(found.Orders)/time.Duration(used()-before).Seconds(), "orders/cpu-s")
	}}})
}
