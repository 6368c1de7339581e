//go:build linux && (amd64 || arm64)

package intercept

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestThreadCPU(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &all))
	defer func() { require.NoError(t, unix.SchedSetaffinity(0, &all)) }()
	th := openThread(unix.Gettid(), true)
	defer th.close()
	for cpu := range len(all) * 64 {
		if !all.IsSet(cpu) {
			continue
		}
		var one unix.CPUSet
		one.Set(cpu)
		require.NoError(t, unix.SchedSetaffinity(0, &one))
		require.Equal(t, cpu, th.cpu())
	}
}

func TestThreadUmask(t *testing.T) {
	old := unix.Umask(0o027)
	defer unix.Umask(old)
	th := openThread(unix.Gettid(), true)
	defer th.close()
	require.EqualValues(t, 0o027, th.umask())
}

// A thread's id may be another's by the next call: what was opened of a dead one must not be used.
func TestThreadsForgetTheDead(t *testing.T) {
	all := newThreads(maxThreads)
	defer all.close()
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	find := func(tid int) *thread {
		th := all.acquire(tid)
		all.release(th)
		return th
	}
	th := find(cmd.Process.Pid)
	require.Same(t, th, find(cmd.Process.Pid))
	_, open := th.stat(0)
	require.True(t, open)
	_, open = th.stat(77)
	require.False(t, open)
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
	require.NotSame(t, th, find(cmd.Process.Pid))
	_, open = find(cmd.Process.Pid).stat(0)
	require.False(t, open)
}

func TestThreadsAreBounded(t *testing.T) {
	all, others := newThreads(8), someThreads(t, 20)
	for _, tid := range others {
		all.release(all.acquire(tid))
	}
	require.Len(t, all.byID, 8)
	used := all.acquire(os.Getpid())
	for _, tid := range others {
		all.release(all.acquire(tid))
	}
	_, open := used.stat(0)
	require.True(t, open, "a thread in use stays")
	all.release(used)
	require.Same(t, used, all.acquire(os.Getpid()))
	for tid := range 20 {
		all.release(all.acquire(1<<30 + tid))
	}
	_, open = used.stat(0)
	require.True(t, open, "one that is used again, too")
	all.release(used)
	all.close()
	require.Empty(t, all.byID)
}

// someThreads are ids of threads that live as long as the test.
func someThreads(t *testing.T, n int) []int {
	ids, end := make(chan int), make(chan struct{})
	t.Cleanup(func() { close(end) })
	var all []int
	for range n {
		go func() {
			runtime.LockOSThread()
			ids <- unix.Gettid()
			<-end
		}()
		all = append(all, <-ids)
	}
	return all
}

// A thread is seen without any fd of this process's, too.
func TestThreadWithoutFDs(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	file, err := os.Open(t.TempDir())
	require.NoError(t, err)
	defer file.Close()
	all := newThreads(maxThreads)
	defer all.close()
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}))
	th := all.acquire(unix.Gettid())
	id, open := th.stat(int32(file.Fd()))
	usable := th.usable(int32(file.Fd()))
	_, absent := th.stat(9999)
	name, named := th.directory(int32(file.Fd()))
	all.release(th)
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	require.Equal(t, -1, th.dir)
	require.True(t, open)
	require.True(t, usable)
	require.False(t, absent)
	require.NoError(t, named)
	require.Equal(t, file.Name(), name)
	var st unix.Stat_t
	require.NoError(t, unix.Fstat(int(file.Fd()), &st))
	require.Equal(t, inodeOf(&st), id)
	again := all.acquire(unix.Gettid())
	defer all.release(again)
	require.NotSame(t, th, again, "with fds there is a directory")
	require.Positive(t, again.dir)
}
