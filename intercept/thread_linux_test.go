//go:build linux && (amd64 || arm64)

package intercept

import (
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
	defer threads{}.forget(th)
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
	defer threads{}.forget(th)
	require.EqualValues(t, 0o027, th.umask())
}

// A thread's id may be another's by the next call: what was opened of a dead one must not be used.
func TestThreadsForgetTheDead(t *testing.T) {
	all := threads{}
	defer all.close()
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	th := all.find(cmd.Process.Pid)
	require.Same(t, th, all.find(cmd.Process.Pid))
	_, open := th.stat(0)
	require.True(t, open)
	_, open = th.stat(77)
	require.False(t, open)
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
	require.NotSame(t, th, all.find(cmd.Process.Pid))
	_, open = all.find(cmd.Process.Pid).stat(0)
	require.False(t, open)
}

func TestThreadsAreBounded(t *testing.T) {
	all := threads{}
	defer all.close()
	for tid := range 2 * maxThreads {
		all.find(1<<30 + tid)
	}
	require.LessOrEqual(t, len(all), maxThreads)
}

func TestParseProcPath(t *testing.T) {
	for _, c := range []struct {
		path string
		who  int
		fd   int32
		ok   bool
	}{
		{"/proc/self/fdinfo/3", 0, 3, true},
		{"/proc/thread-self/fdinfo/0", 0, 0, true},
		{"/proc/12/fdinfo/345", 12, 345, true},
		{"/proc/12/task/13/fdinfo/5", 13, 5, true},
		{"/proc/self/fd/3", 0, 0, false},
		{"/proc/self/fdinfo/", 0, 0, false},
		{"/proc/self/fdinfo/-1", 0, 0, false},
		{"/proc/self/fdinfo/99999999999", 0, 0, false},
		{"/proc/0/fdinfo/1", 0, 0, false},
		{"/proc/x/fdinfo/1", 0, 0, false},
		{"/proc/self/fdinfo/1/2", 0, 0, false},
		{"/proc/self/tusk/1/fdinfo/2", 0, 0, false},
	} {
		t.Run(c.path, func(t *testing.T) {
			who, fd, ok := parseProcPath(c.path, "fdinfo")
			require.Equal(t, c.ok, ok)
			if ok {
				require.Equal(t, c.who, who)
				require.Equal(t, c.fd, fd)
			}
		})
	}
}
