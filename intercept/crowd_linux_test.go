//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var crowding = map[string]func(client){"narrow": narrow, "crowd": crowd}

// With few fds for the supervisor (ulimit -n 256) any number of clients is served, and maps end with an errno.
func TestFewFDs(t *testing.T) {
	skipIfRefused(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=narrow", commandVar+"=crowd")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Regexp(t, `^bpfsim: ulimit -Hn is 256: at most \d+ maps, programs and links can be open at a time; more are answered ENFILE\n0 <nil>\n$`, string(out))
}

func narrow(c client) {
	require.NoError(c, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: 256}))
	supervise(c)
}

// crowd is what a supervisor must bear.
func crowd(c client) {
	fd := c.create(abi.Hash, 4, 1)
	for range 1000 {
		c.inThreads(1, func() { c.absent(fd) })
	}
	c.inThreads(200, func() {
		for range 20 {
			c.absent(fd)
		}
	})
	c.fillTable()
	c.fillTable()
}

func (c client) absent(fd int) {
	_, errno := c.lookup(fd, 1)
	require.Equal(c, unix.ENOENT, errno)
}

// inThreads runs do in new threads at the same time, which end with it.
func (c client) inThreads(n int, do func()) {
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			runtime.LockOSThread()
			do()
		})
	}
	group.Wait()
}

// fillTable makes maps until there is no room for more: those that there are go on working.
func (c client) fillTable() {
	var fds []int
	var errno unix.Errno
	for errno == 0 {
		var fd int
		fd, errno = bpf(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
		if errno == 0 {
			fds = append(fds, fd)
		}
	}
	require.Equal(c, unix.ENFILE, errno)
	require.GreaterOrEqual(c, len(fds), 200)
	for _, fd := range fds {
		c.absent(fd)
	}
	path := fmt.Sprintf("%s/pin", os.Getenv("BPFSIM_BPFFS"))
	require.Equal(c, unix.Errno(0), c.pin(fds[0], path))
	c.close(c.check(c.get(path, 0)))
	require.NoError(c, os.Remove(path))
	for _, fd := range fds {
		c.close(fd)
	}
}
