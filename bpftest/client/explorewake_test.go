package client

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
)

// said is what goroutines say, one behind the other.
type said struct {
	mu   sync.Mutex
	text string
}

func (s *said) add(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text += text
}

// all is what was said.
func (s *said) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text
}

// both starts a goroutine a and a goroutine b, which has begun to do what it does when a has.
func both(t *bpftest.T, do func(name string)) {
	begun := make(chan struct{})
	t.Go("a", func() {
		close(begun)
		do("a")
	})
	<-begun
	t.Go("b", func() { do("b") })
	time.Sleep(time.Second) // both wait
}

// Which orders of what goroutines do without a call are explored, and which are Go's: those are the same in each run.
func TestExploreWakes(t *testing.T) {
	two := map[string]bool{"ab": true, "ba": true}
	for what, c := range map[string]struct {
		do   func(t *bpftest.T, s *said)
		want map[string]bool
	}{
		"timers that start goroutines": {func(t *bpftest.T, s *said) {
			for _, name := range []string{"a", "b"} {
				time.AfterFunc(time.Second, func() { s.add(name) })
			}
			time.Sleep(2 * time.Second)
		}, two},
		"a Once": {func(t *bpftest.T, s *said) {
			var once sync.Once
			for _, name := range []string{"a", "b"} {
				t.Go(name, func() { once.Do(func() { s.add(name) }) })
			}
			time.Sleep(time.Second)
		}, map[string]bool{"a": true, "b": true}},
		"a value each, for who waits longest": {func(t *bpftest.T, s *said) {
			values := make(chan int)
			both(t, func(name string) { <-values; s.add(name) })
			values <- 1
			values <- 2
		}, map[string]bool{"ab": true}},
		"values of senders, from who waits longest": {func(t *bpftest.T, s *said) {
			names := make(chan string)
			both(t, func(name string) { names <- name })
			s.add(<-names + <-names)
		}, map[string]bool{"ab": true}},
		"a closed channel": {func(t *bpftest.T, s *said) {
			closed := make(chan int)
			both(t, func(name string) { <-closed; s.add(name) })
			close(closed)
		}, map[string]bool{"ba": true}},
		"sleepers of one instant": {func(t *bpftest.T, s *said) {
			both(t, func(name string) { time.Sleep(time.Minute); s.add(name) })
		}, map[string]bool{"ab": true}},
	} {
		t.Run(what, func(t *testing.T) {
			require.Equal(t, c.want, seen(t, func(t *bpftest.T, _ *ebpf.Map) string {
				s := &said{}
				c.do(t, s)
				time.Sleep(time.Hour) // all have gone on
				return s.all()
			}))
		})
	}
}

// Who spins until another goroutine has made a call is busy for all that can be seen, and named.
func TestExploreSpin(t *testing.T) {
	var stop atomic.Bool
	defer stop.Store(true)
	found := bpftest.Search(t, bpftest.ExploreOptions{Patience: 50 * time.Millisecond}, func(t *bpftest.T) {
		m, _ := counters(t)
		var counted atomic.Bool
		t.Go("spinner", func() {
			for !counted.Load() && !stop.Load() {
			}
		})
		count(t, m)
		counted.Store(true)
	})
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "did not become quiet within 50ms")
	require.Regexp(t, `spinner: run\w+ at explorewake_test.go:\d+`, found.Failure.Message)
}
