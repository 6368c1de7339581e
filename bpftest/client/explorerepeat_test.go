package client

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// disturb has goroutines of the process, outside of any body, wake again and again.
func disturb(t *testing.T) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	t.Cleanup(func() { close(stop); wg.Wait() })
	for range 2 {
		wg.Go(func() {
			every := time.NewTicker(20 * time.Microsecond)
			defer every.Stop()
			for {
				select {
				case <-stop:
					return
				case <-every.C:
				}
			}
		})
	}
}

// The order of goroutines that go on at the same time, without a call between, is not explored. It is that in which they were woken, whatever else
// the process and the machine do.
func TestExploreRepeats(t *testing.T) {
	disturb(t)
	for name, body := range map[string]struct {
		between func() bool
		orders  int
	}{
		"nothing":     {func() bool { return true }, 1000},
		"computing":   {compute, 20},
		"yielding":    {yield, 1000},
		"system call": {nap, 100},
	} {
		t.Run(name, func(t *testing.T) {
			found := bpftest.Search(t, bpftest.ExploreOptions{Strategy: bpftest.Random, Budget: body.orders}, func(t *bpftest.T) {
				bpftest.Kernel(t)
				var mu sync.Mutex
				stood := false
				var came, went []string
				jobs := make(chan int)
				for _, name := range []string{"a", "b", "c", "d"} {
					t.Go(name, func() {
						mu.Lock()
						came = append(came, name)
						mu.Unlock()
						<-jobs
						still := !body.between()
						mu.Lock()
						defer mu.Unlock()
						stood = stood || still
						went = append(went, name)
					})
				}
				time.Sleep(time.Second) // all wait
				for i := range 4 {
					jobs <- i
				}
				t.Cleanup(func() {
					if !stood {
						require.Equal(t, came, went)
					}
				})
			})
			require.Nil(t, found.Failure, "%v", found)
		})
	}
}

func yield() bool {
	for range 3 {
		runtime.Gosched()
	}
	return true
}

func nap() bool { return unix.Nanosleep(&unix.Timespec{Nsec: 200_000}, nil) == nil }

// compute takes 20 ms of real time, behind which Go takes a goroutine's turn away. It reports false when the machine stood still meanwhile.
func compute() bool {
	last := monotonic()
	for begun := last; last-begun < 20*time.Millisecond; {
		now := monotonic()
		if now-last > 100*time.Millisecond {
			return false
		}
		last = now
	}
	return true
}

// monotonic is a clock that is not the bubble's.
func monotonic() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err)
	}
	return time.Duration(now.Nano())
}

// A failure that does not come again when its order is run again is told of as that, with what it was.
func TestExploreFailsOnce(t *testing.T) {
	runs := 0
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, _ := counters(t)
		t.Go("other", func() { count(t, m) })
		count(t, m)
		if runs++; runs == 5 {
			t.Error("oops")
		}
	})
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "the body does not repeat itself: in this order it failed, and when that was run again it did not: ")
	require.Contains(t, found.Failure.Message, "oops")
}

// What asks something once and for all, as libraries do, makes runs differ from those before, but not for long.
func TestExploreAsksOnce(t *testing.T) {
	runs := 0
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		m, _ := counters(t)
		t.Go("other", func() { count(t, m) })
		if runs++; runs == 3 {
			count(t, m)
		}
		count(t, m)
	})
	require.Nil(t, found.Failure, "%v", found)
	require.True(t, found.All)
	require.Greater(t, runs, found.Orders+2, "it began again: the first order was run twice before, to learn and to compare")
}
