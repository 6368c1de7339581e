package client

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/perf"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ring is a ring buffer, with its reader.
func ring(t testing.TB, size uint32) (*bpftest.Handle, *ringbuf.Reader) {
	k := bpftest.Kernel(t)
	r, err := ringbuf.NewReader(newMap(t, ebpf.MapSpec{Name: "events", Type: ebpf.RingBuf, MaxEntries: size}))
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return k, r
}

// An agent's reader waits for records, which come in any order with its other calls.
func TestExploreRing(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		k, r := ring(t, 4096)
		for _, name := range []string{"one", "two"} {
			t.Go(name, func() { require.NoError(t, k.Map("events").Output([]byte(name), 0)) })
		}
		var seen []string
		for range 2 {
			record, err := r.Read()
			require.NoError(t, err)
			seen = append(seen, string(record.RawSample))
		}
		require.Equal(t, []string{"one", "two"}, seen)
	})
	require.NotNil(t, found.Failure, "%v", found)
	require.Contains(t, found.Failure.Message, `[]string{"two", "one"}`)
	story := strings.Join(found.Failure.Story, "\n")
	require.Regexp(t, `two +output events 3 bytes +explorering_test.go:\d+`, story)
	require.Regexp(t, `body +wait: records in events +explorering_test.go:\d+`, story)
	require.NotNil(t, asReplay(t, found.Failure.Replay, func(t *bpftest.T) {}).Failure, "the line is another body's")
}

// A record that comes before the entry that it speaks of: the program has them in the wrong order.
func TestExploreEventBeforeEntry(t *testing.T) {
	for _, early := range []bool{true, false} {
		found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
			k, r := ring(t, 4096)
			conns := newMap(t, ebpf.MapSpec{Name: "conns", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 8})
			t.Go("connect", func() {
				output := func() { require.NoError(t, k.Map("events").Output(uint32(7), 0)) }
				if early {
					output()
				}
				require.NoError(t, k.Map("conns").Put(uint32(7), uint64(70)))
				if !early {
					output()
				}
			})
			record, err := r.Read()
			require.NoError(t, err)
			var value uint64
			require.NoError(t, conns.Lookup(binary.NativeEndian.Uint32(record.RawSample), &value))
		})
		require.Equal(t, early, found.Failure != nil, "%v", found)
		if early {
			require.Contains(t, found.Failure.Message, "key does not exist")
		}
	}
}

// A ring that nobody empties while the agent is busy.
func TestExploreFullRing(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		k, r := ring(t, 4096)
		events := k.Map("events")
		t.Go("program", func() {
			for range 3 {
				require.NoError(t, events.Output(make([]byte, 1800), 0), "lost")
			}
		})
		for range 3 {
			_, err := r.Read()
			require.NoError(t, err)
		}
	})
	require.NotNil(t, found.Failure, "%v", found)
	require.Contains(t, found.Failure.Message, "resource temporarily unavailable")
	require.Contains(t, strings.Join(found.Failure.Story, "\n"), "output events 1800 bytes: EAGAIN")
}

// Deadlines are in virtual time, and end a wait before or after a record.
func TestExploreRingDeadline(t *testing.T) {
	ends := map[string]bool{}
	found := bpftest.Search(t, bpftest.ExploreOptions{HoldUp: time.Minute}, func(t *bpftest.T) {
		k, r := ring(t, 4096)
		begun := time.Now()
		r.SetDeadline(begun.Add(30 * time.Second))
		t.Go("program", func() {
			require.NoError(t, k.Map("events").Output([]byte("x"), 0))
			_ = k.Map("events").Lookup(uint32(0), nil)
		})
		_, err := r.Read()
		ends[errString(err)] = true
		if err != nil {
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.GreaterOrEqual(t, time.Since(begun), 30*time.Second)
		}
	})
	require.Nil(t, found.Failure, "%v", found)
	require.Len(t, ends, 2)
}

func errString(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Agents end their readers by Close, from another goroutine: at once, or when a context has ended.
func TestExploreRingClose(t *testing.T) {
	seen := map[int]bool{}
	found := bpftest.Search(t, bpftest.ExploreOptions{Budget: 1000}, func(t *bpftest.T) {
		k, r := ring(t, 4096)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var agent sync.WaitGroup
		n := 0
		agent.Go(func() {
			<-ctx.Done()
			r.Close()
		})
		agent.Go(func() {
			for {
				if _, err := r.Read(); errors.Is(err, ringbuf.ErrClosed) {
					return
				}
				n++
			}
		})
		t.Go("program", func() {
			for range 2 {
				_ = k.Map("events").Output([]byte("x"), 0)
				time.Sleep(time.Second)
			}
		})
		agent.Wait()
		seen[n] = true
	})
	require.Nil(t, found.Failure, "%v", found)
	require.Equal(t, map[int]bool{1: true, 2: true}, seen)
}

func TestExploreRingFlush(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		k, r := ring(t, 4096)
		t.Go("program", func() { _ = k.Map("events").Output([]byte("x"), abi.RingNoWakeup) })
		t.Go("flusher", func() { require.NoError(t, r.Flush()) })
		for {
			if _, err := r.Read(); err != nil {
				require.ErrorIs(t, err, ringbuf.ErrFlushed)
				return
			}
		}
	})
	require.Nil(t, found.Failure, "%v", found)
}

func TestExplorePerf(t *testing.T) {
	seen := map[string]bool{}
	body := func(t *bpftest.T) {
		k := bpftest.Kernel(t)
		m := newMap(t, ebpf.MapSpec{Name: "samples", Type: ebpf.PerfEventArray})
		r, err := perf.NewReader(m, 4096)
		require.NoError(t, err)
		defer r.Close()
		for cpu := range 2 {
			t.Go("program", func() { require.NoError(t, k.Map("samples").OnCPU(cpu).PerfOutput([]byte{byte(cpu)})) })
		}
		order := ""
		for range 2 {
			record, err := r.Read()
			require.NoError(t, err)
			order += string('0' + record.RawSample[0])
		}
		seen[order] = true
		require.NotEqual(t, "10", order)
	}
	found := bpftest.Search(t, bpftest.ExploreOptions{}, body)
	require.NotNil(t, found.Failure, "%v", found)
	require.Contains(t, strings.Join(found.Failure.Story, "\n"), "wait: records in perf event of CPU 0")
	require.NotNil(t, asReplay(t, found.Failure.Replay, body).Failure)
}

// A reader that nobody closes is told of, whether the body waits for it or leaves it behind.
func TestExploreRingLeft(t *testing.T) {
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		_, r := ring(t, 4096)
		_, _ = r.Read()
	})
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "a reader of records waits until somebody closes it, or for its deadline")
	require.Contains(t, found.Failure.Message, "body: waits: wait at explorering_test.go:")
	found = bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		bpftest.Kernel(t, bpftest.AllowLeaks())
		m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "events", Type: ebpf.RingBuf, MaxEntries: 4096})
		require.NoError(t, err)
		r, err := ringbuf.NewReader(m)
		require.NoError(t, err)
		go func() { _, _ = r.Read() }()
	})
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "left goroutines behind")
	found = bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		k, r := ring(t, 4096)
		go func() { // both end by themselves, when the body has ended
			<-t.Context().Done()
			r.Close()
		}()
		go func() { _, _ = r.Read() }()
		t.Go("program", func() { _ = k.Map("events").Output([]byte("x"), abi.RingNoWakeup) })
	})
	require.Nil(t, found.Failure, "%v", found)
}

// A run that ends by an error ends its readers in the middle of their waits.
func TestExploreEndsReaders(t *testing.T) {
	var reads atomic.Int64
	found := bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
		bpftest.Kernel(t)
		samples := newMap(t, ebpf.MapSpec{Name: "samples", Type: ebpf.PerfEventArray})
		reader, err := perf.NewReader(samples, 4096)
		require.NoError(t, err)
		defer reader.Close()
		for _, name := range []string{"polite", "stubborn"} {
			t.Go(name, func() {
				for ; ; reads.Add(1) {
					if _, err := reader.Read(); err != nil && name == "polite" {
						return
					}
				}
			})
		}
		m := newMap(t, oneFlow)
		require.ErrorIs(t, m.Lookup(uint32(9), new(uint64)), unix.ENOENT)
		<-make(chan int)
	})
	require.NotNil(t, found.Failure)
	require.Contains(t, found.Failure.Message, "deadlock")
	require.Less(t, reads.Load(), int64(1000), "a reader that goes on all the same is stopped")
}
