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
	th := openThread(unix.Gettid())
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
	th := openThread(unix.Gettid())
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
	all := newThreads(8)
	for tid := range 20 {
		all.release(all.acquire(1<<30 + tid))
	}
	require.Len(t, all.byID, 8)
	used := all.acquire(os.Getpid())
	for tid := range 20 {
		all.release(all.acquire(1<<30 + tid))
	}
	_, open := used.stat(0)
	require.True(t, open, "a thread in use stays")
	all.release(used)
	all.close()
	require.Empty(t, all.byID)
}
