package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// needsPatch skips where parallel tests have one kernel.
func needsPatch(t *testing.T) {
	t.Helper()
	if !patched() {
		t.Skip("on the notified road a process has one kernel")
	}
}

// gate holds tests until all have come, or have ended.
type gate struct{ all sync.WaitGroup }

func newGate() *gate {
	g := &gate{}
	g.all.Add(parallelTests)
	return g
}

// passer is how a test passes the gate. Its end counts, too.
func (g *gate) passer(t *testing.T) (pass func()) {
	come := sync.OnceFunc(g.all.Done)
	t.Cleanup(come)
	return func() { come(); g.all.Wait() }
}

// Tests that run at the same time each have maps, ids, faults, traces, stand-ins and pins of their own, whoever of their goroutines asks.
func TestParallelKernels(t *testing.T) {
	needsPatch(t)
	begun, used := newGate(), newGate()
	for i := range parallelTests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			k := bpftest.Kernel(t)
			allBegun, allUsed := begun.passer(t), used.passer(t)
			allBegun()
			calls := k.Trace()
			m := newMap(t, ebpf.MapSpec{Name: "flows", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4})
			p := returning(t, ebpf.ProgramSpec{Name: "count", Type: ebpf.XDP})
			defer p.Close()
			k.StandIn("count", func(*bpftest.Context) int { return i })
			if i%2 == 0 {
				k.Fail(fault.Rule{Cmd: abi.MapFreeze, Name: "flows", Errno: abi.EINTR})
			}
			require.NoError(t, m.Pin("/sys/fs/bpf/flows"))
			allUsed()
			var goroutines sync.WaitGroup
			for range 4 {
				goroutines.Go(func() {
					goroutines.Go(func() { use(t, i, m, p) })
				})
			}
			goroutines.Wait()
			froze := m.Freeze()
			if i%2 == 0 {
				require.ErrorIs(t, froze, unix.EINTR)
			} else {
				require.NoError(t, froze)
			}
			var value uint64
			require.NoError(t, k.Map("flows").Lookup(uint32(1), &value))
			require.EqualValues(t, i, value)
			require.Equal(t, 1, strings.Count(calls.String(), "BPF_MAP_FREEZE"))
			require.NoError(t, m.Unpin())
		})
	}
}

// use is what an agent does with a map named flows and a program, in the kernel of the test numbered i.
func use(t *testing.T, i int, m *ebpf.Map, p *ebpf.Program) {
	if err := m.Put(uint32(1), uint64(i)); err != nil {
		t.Error(err)
	}
	if result, _, err := p.Test(make([]byte, 64)); err != nil || int(result) != i {
		t.Error(result, err)
	}
	pinned, err := ebpf.LoadPinnedMap("/sys/fs/bpf/flows", nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer pinned.Close()
	var value uint64
	if err := pinned.Lookup(uint32(1), &value); err != nil || value != uint64(i) {
		t.Error(value, err)
	}
}

// parallel runs tests that run in parallel within a test that does not.
func parallel(t *testing.T, tests ...func(t *testing.T)) {
	t.Run("parallel", func(t *testing.T) {
		for i, test := range tests {
			t.Run(fmt.Sprint(i), func(t *testing.T) { t.Parallel(); test(t) })
		}
	})
}

// pool is a goroutine that does what others want.
type pool chan func()

func newPool(t *testing.T) pool {
	p := make(pool)
	go func() {
		for f := range p {
			f()
		}
	}()
	t.Cleanup(func() { close(p) })
	return p
}

func (p pool) do(f func()) {
	done := make(chan struct{})
	p <- func() { defer close(done); f() }
	<-done
}

var oneFlow = ebpf.MapSpec{Name: "flows", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1}

// A goroutine that is no test's may use what tests have made, and nothing else.
func TestParallelStrays(t *testing.T) {
	needsPatch(t)
	workers := newPool(t)
	for name, elsewhere := range map[string]func(func()){
		"pool": workers.do,
		"timer": func(f func()) {
			done := make(chan struct{})
			time.AfterFunc(0, func() { defer close(done); f() })
			<-done
		},
		"labels": func(f func()) {
			var alone sync.WaitGroup
			alone.Go(func() { pprof.Do(context.Background(), pprof.Labels("a", "b"), func(context.Context) { f() }) })
			alone.Wait()
		},
	} {
		parallel(t, func(t *testing.T) {
			c := &complaints{TB: t}
			bpftest.Kernel(c)
			m := newMap(t, oneFlow)
			elsewhere(func() {
				assert(t, m.Put(uint32(1), uint64(2)))
				_, err := ebpf.NewMap(&oneFlow)
				if !errors.Is(err, unix.ENOSYS) {
					t.Errorf("%s: %v", name, err)
				}
				_, err = ebpf.LoadPinnedMap("/sys/fs/bpf/flows", nil)
				if !errors.Is(err, unix.ENOSYS) {
					t.Errorf("%s: %v", name, err)
				}
				assert(t, m.Pin("/sys/fs/bpf/flows")) // and asks for the file system first
			})
			assert(t, m.Unpin())
			m.Close()
			c.end()
			require.Len(t, c.said, 1, strings.Join(c.said, "\n"))
			require.Regexp(t, `BPF_MAP_CREATE at \S+/parallel_test.go:\d+, BPF_OBJ_GET at \S+, a path below /sys/fs/bpf at `, c.said[0])
			require.Contains(t, c.said[0], "Goroutines of a pool that was there before")
		})
	}
}

func assert(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// What a test leaves behind does not fall upon those that run still.
func TestParallelLeftovers(outer *testing.T) {
	needsPatch(outer)
	var late func(func())
	ready, over := make(chan struct{}), make(chan struct{})
	parallel(outer, func(t *testing.T) {
		defer close(over)
		c := &complaints{TB: t}
		bpftest.Kernel(c)
		late = newPool(outer).do
		close(ready)
		c.end()
	}, func(t *testing.T) {
		<-ready
		bpftest.Kernel(t)
		<-over
		m := newMap(t, oneFlow)
		late(func() {
			if _, err := ebpf.NewMap(&oneFlow); !errors.Is(err, unix.ENOSYS) {
				t.Error(err)
			}
			assert(t, m.Put(uint32(1), uint64(2)))
		})
	})
}

// What parallel tests pinned goes with them.
func TestParallelPinsGo(t *testing.T) {
	needsPatch(t)
	parallel(t, func(t *testing.T) {
		c := &complaints{TB: t}
		bpftest.Kernel(c, bpftest.AllowLeaks())
		m := newMap(t, oneFlow)
		require.NoError(t, m.Pin("/sys/fs/bpf/left"))
		c.end()
	})
	left, err := filepath.Glob(filepath.Join(os.Getenv("BPFSIM_BPFFS"), "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// Either one test has a kernel, and all goroutines are its, or tests that run in parallel have one each.
func TestParallelBesideOthers(t *testing.T) {
	needsPatch(t)
	refused := func(t testing.TB) string {
		c := &complaints{TB: t}
		require.Panics(t, func() { bpftest.Kernel(c) })
		return c.fatal
	}
	bpftest.Kernel(t)
	require.Contains(t, refused(t), "TestParallelBesideOthers, which was not parallel then, has a kernel now, and it is alone")
	parallel(t, func(t *testing.T) {
		require.Contains(t, refused(t), "TestParallelBesideOthers, which is not parallel, has a kernel now")
	})
	t.Run("none", func(t *testing.T) {}) // and goes on with the same kernel
	newMap(t, oneFlow)
}

// Once the last parallel test is over calls of tests that have no kernel are answered again.
func TestParallelEnds(t *testing.T) {
	needsPatch(t)
	var inner string
	parallel(t, func(t *testing.T) {
		bpftest.Kernel(t)
		inner = explored(t)
		t.Run("sub", func(t *testing.T) { bpftest.Kernel(t); newMap(t, oneFlow) }) // is part of a parallel one
		newMap(t, oneFlow)
	})
	require.Contains(t, inner, "which is parallel, has a kernel now, and this test is not parallel")
	newMap(t, oneFlow)
	bpftest.Kernel(t)
}

// explored is why a body that is explored has no kernel.
func explored(t *testing.T) string {
	return bpftest.Search(t, bpftest.ExploreOptions{}, func(t *bpftest.T) { bpftest.Kernel(t) }).Failure.Message
}

// TestParallelOnOneKernel: without the patch the second is refused.
func TestParallelOnOneKernel(t *testing.T) {
	if patched() {
		t.Skip("parallel tests have a kernel each")
	}
	parallel(t, func(t *testing.T) {
		bpftest.Kernel(t)
		c := &complaints{TB: t}
		require.Panics(t, func() { bpftest.Kernel(c) })
		require.Contains(t, c.fatal, "take t.Parallel out of tests that call it, or run bpfsim test, where parallel tests have one each")
	})
}
