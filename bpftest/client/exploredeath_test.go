package client

import (
	"log"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

// whenLate is a body whose agent does something in a goroutine of its own, in the orders in which a program was there first.
func whenLate(do func(t *bpftest.T)) func(t *bpftest.T) {
	return func(t *bpftest.T) {
		m, program := counters(t)
		t.Go("program", func() { require.NoError(t, program.Put(uint32(0), uint64(1))) })
		agent := make(chan struct{})
		go func() {
			defer close(agent)
			var n uint64
			require.NoError(t, m.Lookup(uint32(0), &n))
			if n == 1 {
				do(t)
			}
		}()
		<-agent
	}
}

// What ends a process, or a goroutine, in a goroutine that the agent has started ends the run alone, whose order is told, shrunk and run again.
func TestExploreDeaths(t *testing.T) {
	for what, want := range map[string]struct {
		do   func(t *bpftest.T)
		says string
	}{
		"panic":  {func(*bpftest.T) { panic("oops") }, `(?s)goroutine \S+ panicked: oops\n.*exploredeath_test\.go`},
		"nil":    {func(*bpftest.T) { _ = *(*int)(nil) }, `panicked: runtime error: invalid memory address`},
		"exit":   {func(*bpftest.T) { os.Exit(3) }, `goroutine \S+ called os\.Exit\(3\) at exploredeath_test\.go:\d+`},
		"exit 0": {func(*bpftest.T) { os.Exit(0) }, `os\.Exit\(0\)`},
		"fatal":  {func(*bpftest.T) { log.Fatal("oops") }, `called os\.Exit\(1\) at exploredeath_test\.go:\d+`},
		"fail":   {func(t *bpftest.T) { t.FailNow() }, `exploredeath_test\.go:\d+: failed`},
	} {
		t.Run(what, func(t *testing.T) {
			body := whenLate(want.do)
			found := bpftest.Search(t, bpftest.ExploreOptions{}, body)
			require.NotNil(t, found.Failure, "%v", found)
			require.Regexp(t, want.says, found.Failure.Message)
			require.NotRegexp(t, "did not become quiet|left goroutines", found.Failure.Message)
			require.Regexp(t, `(?s)program +update counters 0 = 1.*lookup counters 0 = 1`, strings.Join(found.Failure.Story, "\n"))
			require.Len(t, strings.Fields(found.Failure.Replay), 1, "%v", found)
			require.Regexp(t, want.says, asReplay(t, found.Failure.Replay, body).Failure.Message)
		})
	}
}

// A goroutine that ends, and whom the body does not wait for, is no failure.
func TestExploreGoexit(t *testing.T) {
	require.Nil(t, bpftest.Search(t, bpftest.ExploreOptions{}, whenLate(func(*bpftest.T) { runtime.Goexit() })).Failure)
}

// dieName has this process, started by a test, do what the test wants to see from outside.
const dieName = "BPFSIM_TEST_DIE"

// die runs the test in another process, which fails, and returns what it prints.
func die(t *testing.T, how string, args ...string) string {
	if !patched() {
		t.Skip("on the notified road nothing is explored")
	}
	cmd := exec.Command(os.Args[0], append(args, "-test.run=^"+t.Name()+"$")...)
	cmd.Env = append(os.Environ(), dieName+"="+how)
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "%s", out)
	return string(out)
}

// Of a fatal error nobody saves the process: it says which order led there, and the run of that order tells the story.
func TestExploreFatalError(t *testing.T) {
	if os.Getenv(dieName) != "" {
		bpftest.Explore(t, bpftest.ExploreOptions{}, whenLate(func(*bpftest.T) { new(sync.Mutex).Unlock() }))
		return
	}
	told := regexp.MustCompile(`the process dies in the middle of TestExploreFatalError:\n+this order again: .*(-bpftest.replay='(.*)')`)
	out := die(t, "1")
	require.Contains(t, out, "fatal error: sync: unlock of unlocked mutex")
	line := told.FindStringSubmatch(out)
	require.NotNil(t, line, "%s", out)
	require.Regexp(t, `(?m)^ *program +update counters 0 = 1 +exploredeath_test.go:\d+\n`, die(t, "1", "-bpftest.replay="+line[2]))
}

// What cannot be explored is said, with what to do.
func TestExploreWhatCannotBe(t *testing.T) {
	quick := bpftest.ExploreOptions{Patience: 50 * time.Millisecond}
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	for what, body := range map[string]func(*bpftest.T){
		"socket":  func(t *bpftest.T) { _, _ = listener.Accept() },
		"channel": func(t *bpftest.T) { <-never },
		"later":   func(t *bpftest.T) { time.Sleep(time.Second); <-never },
		"loop": func(t *bpftest.T) {
			time.Sleep(time.Second)
			for {
				select {
				case <-never:
					return
				default:
				}
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			found := bpftest.Search(t, quick, func(t *bpftest.T) { bpftest.Kernel(t); body(t) })
			require.NotNil(t, found.Failure)
			require.Contains(t, found.Failure.Message, "the body did not become quiet within 50ms: ")
			require.Contains(t, found.Failure.Message, "give it a fake, or start it before Explore")
			require.Regexp(t, `body: .* at exploredeath_test.go:\d+`, found.Failure.Message)
		})
	}
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		for range 300 {
			t.Go("one", func() {})
		}
	})
	require.Contains(t, found.Failure.Message, "more than 254 goroutines")
}

// Tests that run in parallel explore one behind the other.
func TestExploreSideBySide(t *testing.T) {
	for range 2 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			require.NotNil(t, bpftest.Search(t, bpftest.ExploreOptions{}, loses).Failure)
		})
	}
}

// The test around a body has one result for all orders.
func TestExploreOuterTest(t *testing.T) {
	for name, body := range map[string]func(outer *testing.T){
		"fail": func(outer *testing.T) {
			bpftest.Explore(outer, bpftest.ExploreOptions{}, whenLate(func(*bpftest.T) { outer.FailNow() }))
		},
		"nested": func(outer *testing.T) {
			bpftest.Explore(outer, bpftest.ExploreOptions{}, whenLate(func(*bpftest.T) {
				bpftest.Explore(outer, bpftest.ExploreOptions{}, loses)
			}))
		},
	} {
		if os.Getenv(dieName) == name {
			body(t)
		} else if os.Getenv(dieName) == "" {
			out := die(t, name)
			require.Contains(t, out, "take the one that the body is given")
			require.Regexp(t, `(?s)program +update counters 0 = 1.*lookup counters 0 = 1`, out)
		}
	}
}

// What Go leaves to chance comes out the same in each run.
func TestExploreChance(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{Budget: 300}, func(t *bpftest.T) {
		m, program := counters(t)
		t.Go("other", func() { count(t, m) })
		one, two := make(chan int, 1), make(chan int, 1)
		one <- 1
		two <- 2
		var first int
		select {
		case first = <-one:
		case first = <-two:
		}
		for range first {
			require.NoError(t, program.Lookup(uint32(0), new(uint64)))
		}
		for key := range map[int]bool{1: true, 2: true, 3: true} {
			for range key {
				count(t, m)
			}
			break
		}
		var timers sync.WaitGroup
		for range 2 {
			timers.Go(func() {
				time.Sleep(time.Second)
				count(t, m)
			})
		}
		timers.Wait()
	})
	require.Nil(t, found.Failure, "%v", found)
}

// What is drawn behind a call is the same in the run whose story is told, whatever telling draws.
func TestExploreChanceOfAStory(t *testing.T) {
	body := func(t *bpftest.T) {
		_, program := counters(t)
		require.NoError(t, program.Lookup(uint32(0), new(uint64)))
		t.Fatalf("drew %d", rand.Uint64())
	}
	draws := func(string, []byte, []byte) string { rand.Uint64(); return "" }
	found := bpftest.Search(t, bpftest.ExploreOptions{Show: draws}, body)
	require.Equal(t, bpftest.Search(t, bpftest.ExploreOptions{}, body).Failure.Message, found.Failure.Message)
}

// The deferred calls of a goroutine that is ended find what they need: a mutex that it waited for is its own then.
func TestExploreEndsNobodyWithoutItsMutex(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		bpftest.Kernel(t, bpftest.AllowLeaks())
		m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "counters", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		require.NoError(t, err)
		var mu sync.Mutex
		cond := sync.NewCond(&mu)
		waits := func() {
			mu.Lock()
			defer mu.Unlock()
			cond.Wait()
		}
		for range 2 {
			go waits()
		}
		time.Sleep(time.Second)
		cond.Broadcast()
		mu.Lock()
		_ = m.Lookup(uint32(0), new(uint64))
		go func() { panic("oops") }()
		<-t.Context().Done()
	})
	require.Contains(t, found.Failure.Message, "oops")
}
