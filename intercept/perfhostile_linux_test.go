//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var hostilePerf = map[string]func(client){"perfKilled": perfKilled, "perfVictim": perfVictim, "perfLiar": perfLiar}

// floodPerf writes records as fast as it can, until the array has no event any more.
func floodPerf(t *testing.T, m *bpfsys.Map) {
	helpers, seen := bpfsys.Helpers{Task: new(maps.Task)}, map[abi.Errno]int{}
	for i, errno := 0, abi.OK; errno != abi.ENOENT || seen[abi.OK] == 0; i++ {
		errno = helpers.PerfEventOutput(m.Elements(), 0, record(i))
		seen[errno]++
		require.Contains(t, []abi.Errno{abi.OK, abi.ENOSPC, abi.ENOENT}, errno)
	}
	require.NotZero(t, seen[abi.ENOSPC], "%v", seen)
}

// A reader that is killed while it reads, and one that only another process has mapped, leave nothing behind and hold nobody up.
func TestPerfReaderKilled(t *testing.T) {
	playKernel(t, "perfKilled", func(m *bpfsys.Map) { floodPerf(t, m) })
}

// perfKilled leaves the buffer to a child that maps it, gives up its own, and kills the child as it reads.
func perfKilled(c client) {
	array, fd := c.perfArray(), c.perfBuffer()
	buffer, err := unix.Mmap(fd, 0, 2*page, protRW, shared)
	require.NoError(c, err)
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), scenarioVar+"=perfVictim")
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(fd), "perf")}
	out, err := child.StdoutPipe()
	require.NoError(c, err)
	require.NoError(c, child.Start())
	c.putPerf(array, fd)
	var word string
	_, err = fmt.Fscan(out, &word)
	require.NoError(c, err)
	require.NoError(c, unix.Munmap(buffer))
	require.NoError(c, child.Process.Kill())
	require.Error(c, child.Wait())
	for word := range uint32(2) { // the event is the array's: take it out
		_, errno := bpf(bpfsys.MapDeleteElem{FD: int32(array), Key: addr(&word)})
		require.Equal(c, map[uint32]unix.Errno{0: 0, 1: unix.ENOENT}[word], errno)
	}
}

// perfVictim reads one record and a half, unmaps and maps again, and is killed.
func perfVictim(c client) {
	buffer, err := unix.Mmap(3, 0, 2*page, protRW, shared)
	require.NoError(c, err)
	queue := c.queue(3, unix.EPOLLIN)
	require.EqualValues(c, unix.EPOLLIN, c.wait(queue, -1))
	word(buffer, 1032).Store(word(buffer, 1032).Load() + 12)
	require.NoError(c, unix.Munmap(buffer))
	_, err = unix.Mmap(3, 0, 3*page, protRW, shared)
	require.Equal(c, unix.EINVAL, err, "of another size")
	_, err = unix.Mmap(3, 0, 2*page, protRW, shared)
	require.NoError(c, err)
	fmt.Println("read")
	select {}
}

// perfArray is the map that the kernel's side writes to.
func (c client) perfArray() int {
	return c.check(bpf(bpfsys.MapCreate{Type: abi.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 2, Name: bpfsys.NameOf("ring")}))
}

func (c client) perfBuffer() int {
	return c.perfOpen(unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_BPF_OUTPUT,
		Sample_type: unix.PERF_SAMPLE_RAW, Wakeup: 1}, unix.PERF_FLAG_FD_CLOEXEC)
}

func (c client) putPerf(array, fd int) {
	key, value := uint32(0), uint32(fd)
	c.check(bpf(bpfsys.MapUpdateElem{FD: int32(array), Key: addr(&key), Value: addr(&value)}))
}

// A reader that writes anything over the page of positions and over the records meanwhile has only itself to blame.
func TestPerfReaderLies(t *testing.T) {
	playKernel(t, "perfLiar", func(m *bpfsys.Map) { floodPerf(t, m) })
}

func perfLiar(c client) {
	array, fd := c.perfArray(), c.perfBuffer()
	buffer, err := unix.Mmap(fd, 0, 3*page, protRW, shared)
	require.NoError(c, err)
	queue := c.queue(fd, unix.EPOLLIN)
	c.putPerf(array, fd)
	for word(buffer, 1024).Load() < page { // the kernel's side has begun
		c.wait(queue, 10)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		at := random.IntN(3*page/8) * 8
		if random.IntN(2) == 0 {
			at = 1024 + random.IntN(4)*8 // head, tail, where the data is and its size
		}
		word(buffer, at).Store(random.Uint64() >> random.IntN(64))
		if random.IntN(100) == 0 {
			c.wait(queue, 0)
		}
	}
	word(buffer, 1032).Store(word(buffer, 1024).Load())
	key := uint32(0)
	_, errno := bpf(bpfsys.MapDeleteElem{FD: int32(array), Key: addr(&key)})
	require.Zero(c, errno)
}
