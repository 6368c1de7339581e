//go:build linux && (amd64 || arm64)

package intercept

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// openObject opens a fd of a new map.
func openObject(t testing.TB, all *objects) (fd int, o *object) {
	fd, o, errno := all.open(bpfsys.NewFile(newMap(t), bpfsys.ReadWrite))
	require.Equal(t, abi.OK, errno)
	all.release(o)
	return fd, o
}

// closedSilently closes fd without an event that is understood.
func closedSilently(t testing.TB, all *objects, fd int, o *object) {
	all.mu.Lock()
	delete(all.byWatch, o.watch)
	all.mu.Unlock()
	require.NoError(t, unix.Close(fd))
}

func (all *objects) has(o *object) bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.byInode[o.memfd.id] == o
}

// An event comes before the file ceases to count as open: whoever looks between the two looks again.
func TestEventBeforeTheClose(t *testing.T) {
	all := newObjects(10)
	defer all.close()
	for sweeps := range atSweeps + 3 {
		fd, o := openObject(t, all)
		all.mu.Lock()
		all.suspect(o)
		all.mu.Unlock()
		for range sweeps {
			all.sweep()
			require.True(t, all.has(o))
		}
		closedSilently(t, all, fd, o)
		require.Eventually(t, func() bool { all.sweep(); return !all.has(o) }, 10*time.Second, time.Millisecond)
	}
}

// The next sweep sees what was closed before, as long as the suspicion is fresh.
func TestSuspectIsTriedAtTheNextSweep(t *testing.T) {
	all := newObjects(10)
	defer all.close()
	fd, o := openObject(t, all)
	all.mu.Lock()
	all.suspect(o)
	all.mu.Unlock()
	all.sweep()
	closedSilently(t, all, fd, o)
	all.sweep()
	require.False(t, all.has(o))
}

// Events that were lost may have told of any close.
func TestLostEvents(t *testing.T) {
	all := newObjects(10)
	defer all.close()
	fd, o := openObject(t, all)
	kept, other := openObject(t, all)
	defer unix.Close(kept)
	closedSilently(t, all, fd, o)
	all.sweep()
	require.True(t, all.has(o), "nothing tells of it")
	event := make([]byte, unix.SizeofInotifyEvent)
	binary.NativeEndian.PutUint32(event, ^uint32(0)) // of no watch
	binary.NativeEndian.PutUint32(event[4:], unix.IN_Q_OVERFLOW)
	all.mu.Lock()
	all.events(event)
	all.mu.Unlock()
	require.False(t, all.has(o))
	require.True(t, all.has(other))
}

// Several fds may be closed before anybody looks.
func TestSeveralCloses(t *testing.T) {
	all := newObjects(10)
	defer all.close()
	var closed []*object
	for range 3 {
		fd, o := openObject(t, all)
		require.NoError(t, unix.Close(fd))
		closed = append(closed, o)
	}
	for _, o := range closed {
		require.Eventually(t, func() bool { all.sweep(); return !all.has(o) }, 10*time.Second, time.Millisecond)
	}
}

// A lone map goes although nobody calls any more.
func TestIdleSweep(t *testing.T) {
	all := newObjects(10)
	defer all.close()
	fd, o := openObject(t, all)
	require.NoError(t, unix.Close(fd))
	require.Eventually(t, func() bool { return !all.has(o) }, 10*time.Second, time.Millisecond)
}

// A map that is in use is freed when the use ends.
func TestClosedInUse(t *testing.T) {
	all := newObjects(10)
	defer all.close()
	fd, o := openObject(t, all)
	require.Same(t, o, all.acquire(o.memfd.id))
	require.NoError(t, unix.Close(fd))
	all.sweep()
	require.True(t, all.has(o))
	all.release(o)
	require.False(t, all.has(o))
	require.Nil(t, all.acquire(o.memfd.id))
}

// Those whose fds come and go while others stay open are tried ever more seldom.
func BenchmarkSweep(b *testing.B) {
	all := newObjects(10)
	defer all.close()
	for range 5000 {
		_, o := openObject(b, all)
		again, _, errno := all.open(o.file)
		require.Equal(b, abi.OK, errno)
		all.release(o)
		require.NoError(b, unix.Close(again))
	}
	b.ReportAllocs()
	for b.Loop() {
		all.sweep()
	}
}
