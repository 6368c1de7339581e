package client

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

// seen runs all orders of a body that says how it came out, and returns what was said.
func seen(t *testing.T, body func(t *bpftest.T, m *ebpf.Map) string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, _ := counters(t)
		all[body(t, m)] = true
	})
	require.Nil(t, found.Failure, "%v", found)
	require.True(t, found.All)
	return all
}

// Others may come between Signal and the return of Wait: who does not look again finds that they have been there.
func TestExploreCond(t *testing.T) {
	queue := func(wait func(empty func() bool, c *sync.Cond)) func(*bpftest.T) {
		return func(t *bpftest.T) {
			m, _ := counters(t)
			var mu sync.Mutex
			c, items := sync.NewCond(&mu), 0
			empty := func() bool { return items == 0 }
			t.Go("consumer", func() {
				mu.Lock()
				defer mu.Unlock()
				wait(empty, c)
				items--
				if items < 0 {
					t.Error("nothing is there")
				}
			})
			t.Go("thief", func() {
				count(t, m)
				mu.Lock()
				defer mu.Unlock()
				if !empty() {
					items--
					c.Signal()
				}
			})
			t.Go("producer", func() {
				for range 2 {
					mu.Lock()
					items++
					c.Signal()
					mu.Unlock()
					count(t, m)
				}
			})
		}
	}
	found := bpftest.Search(t, bpftest.ExploreOptions{}, queue(func(empty func() bool, c *sync.Cond) {
		if empty() {
			c.Wait()
		}
	}))
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "nothing is there")
	require.Regexp(t, `(?m)^consumer +goes on, woken +explorewait_test.go:\d+$`, strings.Join(found.Failure.Story, "\n"))
	found = bpftest.Search(t, bpftest.ExploreOptions{}, queue(func(empty func() bool, c *sync.Cond) {
		for empty() {
			c.Wait()
		}
	}))
	require.Nil(t, found.Failure, "%v", found)
	require.True(t, found.All)
}

// Readers that have waited for a writer go on in each order, and no reader beside a writer.
func TestExploreRWMutex(t *testing.T) {
	all := seen(t, func(t *bpftest.T, m *ebpf.Map) string {
		var mu sync.RWMutex
		var writes atomic.Bool
		s := &said{}
		t.Go("writer", func() {
			mu.Lock()
			writes.Store(true)
			count(t, m)
			writes.Store(false)
			mu.Unlock()
		})
		for _, name := range []string{"a", "b"} {
			t.Go(name, func() {
				if writes.Load() {
					s.add(name + " waits ")
				}
				mu.RLock()
				defer mu.RUnlock()
				require.False(t, writes.Load())
				s.add(name)
			})
		}
		time.Sleep(time.Second) // all have gone on
		return s.all()
	})
	for _, order := range []string{"ab", "ba", "a waits b waits ab", "a waits b waits ba", "b waits a waits ab", "b waits a waits ba"} {
		require.Contains(t, all, order)
	}
}

// A writer that has waited for a reader may go on long after that is gone.
func TestExploreWriterBehindAReader(t *testing.T) {
	all := seen(t, func(t *bpftest.T, m *ebpf.Map) string {
		var mu sync.RWMutex
		var reads atomic.Bool
		s := &said{}
		t.Go("writer", func() {
			if reads.Load() {
				s.add("waits ")
			}
			mu.Lock()
			defer mu.Unlock()
			s.add("w")
		})
		mu.RLock()
		reads.Store(true)
		count(t, m)
		reads.Store(false)
		mu.RUnlock()
		count(t, m)
		s.add("r")
		time.Sleep(time.Second) // the writer has gone on
		return s.all()
	})
	require.Equal(t, map[string]bool{"wr": true, "rw": true, "waits wr": true, "waits rw": true}, all)
}

// A reader that reads once more waits for the writer that waits for it.
func TestExploreRecursiveReader(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, _ := counters(t)
		var mu sync.RWMutex
		t.Go("writer", func() {
			count(t, m)
			mu.Lock()
			defer mu.Unlock()
		})
		mu.RLock()
		defer mu.RUnlock()
		count(t, m)
		mu.RLock()
		defer mu.RUnlock()
	})
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "deadlock: all goroutines wait for each other")
}

// All that wait for a group go on in each order.
func TestExploreWaitGroup(t *testing.T) {
	all := seen(t, func(t *bpftest.T, m *ebpf.Map) string {
		var wg sync.WaitGroup
		wg.Add(1)
		said := make(chan string, 2)
		for _, name := range []string{"a", "b"} {
			t.Go(name, func() {
				wg.Wait()
				said <- name
			})
		}
		count(t, m)
		wg.Done()
		return <-said + <-said
	})
	require.Equal(t, map[string]bool{"ab": true, "ba": true}, all)
}

// What the runtime does for a body is no call of its, so it needs no kernel of its own.
func TestExploreWaitsAreNoCalls(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		var wg sync.WaitGroup
		wg.Go(func() {})
		wg.Wait()
	})
	require.Nil(t, found.Failure, "%v", found)
}

// What a body says counts before what it leaves behind, since it left that when it failed.
func TestExploreSaysFirst(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, _ := counters(t)
		count(t, m)
		go func() { <-make(chan int) }()
		t.Fatal("oops")
	})
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "oops")
	require.NotContains(t, found.Failure.Message, "left goroutines behind")
}
