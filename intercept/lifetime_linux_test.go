//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A map goes with the last reference, whatever that was, and not before.
func TestLifetimes(t *testing.T) {
	for _, name := range []string{"closedInUse", "mappedOnly", "duplicates", "killedHolder"} {
		t.Run(name, func(t *testing.T) { runScenario(t, name, options()) })
	}
}

// TestManyMaps has thousands of maps open at a time.
func TestManyMaps(t *testing.T) {
	many := "10000"
	if testing.Short() {
		many = "1500"
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	require.Equal(t, result{}, run(t, options("env", scenarioVar+"=manyMaps", countVar+"="+many, exe)))
}

// churnVar is how many maps TestChurn makes in each of its runs; .ci/run asks for many.
const churnVar = "BPFSIM_CHURN"

// Processes that make and close maps at the same time leave none, though the kernel tells of a close before it is one.
func TestChurn(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	for range 3 {
		o := options("env", scenarioVar+"=churn", countVar+"="+number(churnVar, "2000"), exe)
		require.Equal(t, result{}, run(t, o))
	}
}

const churners = 4

func churn(c client) {
	var children []*exec.Cmd
	for range churners {
		child := exec.Command("/proc/self/exe")
		child.Env = append(os.Environ(), scenarioVar+"=churner")
		child.Stdout = os.Stdout
		require.NoError(c, child.Start())
		children = append(children, child)
	}
	for _, child := range children {
		require.NoError(c, child.Wait())
	}
	c.alive(0, "after all processes ended")
}

// churner makes its share of maps: every eighth can be mapped and has a second fd.
func churner(c client) {
	for i := range c.number(countVar) / churners {
		if i%8 != 0 {
			c.close(c.create(abi.Array, 4, 1))
			continue
		}
		fd := c.make(abi.Array, 4, 1, abi.FlagMmapable)
		c.close(c.again(fd, 0))
		c.close(fd)
	}
}

// closedInUse closes fds while other threads make calls on them.
func closedInUse(c client) {
	for range 50 {
		fd := c.make(abi.Array, 4, 64, abi.FlagMmapable)
		var closed atomic.Bool
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for !closed.Load() {
					errno := c.update(fd, 1, 1)
					require.Contains(c, []unix.Errno{0, unix.EBADF}, errno)
				}
			})
		}
		require.Zero(c, c.update(fd, 2, 2))
		c.close(fd)
		closed.Store(true)
		group.Wait()
	}
	c.alive(0, "all are closed")
}

// mappedOnly keeps a map by a mapping, of which there are two halves.
func mappedOnly(c client) {
	fd := c.make(abi.Array, 8, 1024, abi.FlagMmapable)
	id := c.id(fd)
	memory, err := unix.Mmap(fd, 0, 8192, protRW, shared)
	require.NoError(c, err)
	c.close(fd)
	memory[8] = 9
	c.alive(1, "a mapping")
	fd = c.check(bpf(bpfsys.MapGetFDByID{ID: id}))
	got, errno := c.lookup(fd, 1)
	require.Zero(c, errno)
	require.Equal(c, uint32(9), got)
	c.close(fd)
	c.alive(1, "a mapping again")
	require.NoError(c, unix.Munmap(memory))
	c.alive(0, "unmapped")
	c.pinnedOnly()
}

// pinnedOnly keeps a map that can be mapped by its pin: the elements stay.
func (c client) pinnedOnly() {
	fd := c.make(abi.Array, 8, 10, abi.FlagMmapable)
	path := c.fs("mapped")
	require.Zero(c, c.pin(fd, path))
	require.Zero(c, c.update(fd, 3, 33))
	c.close(fd)
	for range 3 {
		c.alive(1, "a pin")
		fd = c.check(c.get(path, 0))
		memory, err := unix.Mmap(fd, 0, 4096, protRW, shared)
		require.NoError(c, err)
		require.Equal(c, byte(33), memory[24])
		require.NoError(c, unix.Munmap(memory))
		c.close(fd)
	}
	require.NoError(c, os.Remove(path))
	c.alive(0, "unpinned")
}

// raiseLimit lets this process have as many fds as the host allows and returns how many of n it may open.
func (c client) raiseLimit(n int) int {
	var limit unix.Rlimit
	require.NoError(c, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	limit.Cur = limit.Max
	require.NoError(c, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	return min(n, int(limit.Max)/2)
}

func duplicates(c client) {
	fd := c.create(abi.Hash, 4, 1)
	dups := make([]int, c.raiseLimit(5000))
	for i := range dups {
		var err error
		dups[i], err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		require.NoError(c, err)
	}
	c.close(fd)
	for i, dup := range dups {
		if i%1000 == 0 {
			c.alive(1, "duplicates")
		}
		c.close(dup)
	}
	c.alive(0, "no duplicate")
}

func manyMaps(c client) {
	fds := make([]int, c.raiseLimit(c.number(countVar)))
	for i := range fds {
		fds[i] = c.create(abi.Array, 4, 1)
	}
	c.alive(len(fds), "all are open")
	for _, fd := range fds[1:] {
		c.close(fd)
	}
	c.alive(1, "all but one are closed")
	require.Zero(c, c.update(fds[0], 0, 1))
	c.close(fds[0])
	c.alive(0, "all are closed")
}

// killedHolder kills a child that has maps open and mapped.
func killedHolder(c client) {
	fd := c.make(abi.Array, 8, 1000, abi.FlagMmapable)
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), scenarioVar+"=mmapHolder")
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(fd), "map")}
	in, err := child.StdinPipe()
	require.NoError(c, err)
	out, err := child.StdoutPipe()
	require.NoError(c, err)
	require.NoError(c, child.Start())
	require.NoError(c, child.ExtraFiles[0].Close())
	_, err = out.Read(make([]byte, 1))
	require.NoError(c, err)
	c.alive(1, "the child's mapping")
	require.NoError(c, child.Process.Kill())
	_ = child.Wait()
	_ = in.Close()
	c.alive(0, "the child is dead")
}

// TestHeldOutside has a process that is not under the filter, this one, hold the last fd of a map.
func TestHeldOutside(t *testing.T) {
	skipIfRefused(t)
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	held := make(chan error)
	go func() { held <- hold(listener) }()
	exe, err := os.Executable()
	require.NoError(t, err)
	require.Equal(t, result{}, run(t, options("env", scenarioVar+"=heldOutside", socketVar+"="+path, exe)))
	require.NoError(t, <-held)
	require.NoError(t, listener.Close())
}

// socketVar names the socket of the process that holds a fd.
const socketVar = "BPFSIM_TEST_SOCKET"

// hold receives a fd, says so, keeps the fd until it is told to close it, and says that it has.
func hold(listener *net.UnixListener) error {
	conn, err := listener.AcceptUnix()
	if err != nil {
		return err
	}
	defer conn.Close()
	oob := make([]byte, unix.CmsgSpace(4))
	if _, _, _, _, err = conn.ReadMsgUnix(make([]byte, 1), oob); err != nil {
		return err
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return err
	}
	if _, err = conn.Write([]byte{1}); err != nil {
		return err
	}
	if _, err = conn.Read(make([]byte, 1)); err != nil {
		return err
	}
	_ = unix.Close(fds[0])
	_, err = conn.Write([]byte{1})
	return err
}

func heldOutside(c client) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: os.Getenv(socketVar), Net: "unix"})
	require.NoError(c, err)
	fd := c.create(abi.Array, 4, 1)
	_, _, err = conn.WriteMsgUnix([]byte{1}, unix.UnixRights(fd), nil)
	require.NoError(c, err)
	c.close(fd)
	c.alive(1, "sent")
	_, err = io.ReadFull(conn, make([]byte, 1))
	require.NoError(c, err)
	c.alive(1, "held outside")
	_, err = conn.Write([]byte{1})
	require.NoError(c, err)
	_, err = io.ReadFull(conn, make([]byte, 1))
	require.NoError(c, err)
	c.alive(0, "closed outside")
}

// Where the user has no inotify instance left, maps go with their last reference all the same.
func TestWithoutWatches(t *testing.T) {
	skipIfRefused(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	script := `echo 0 > /proc/sys/user/max_inotify_instances && exec env ` + scenarioVar + `=unwatched "$0"`
	out, err := unshared(exe, script).CombinedOutput()
	if err != nil && strings.Contains(string(out), "Operation not permitted") {
		t.Skip("no user namespace to take the watches away in:", string(out))
	}
	require.NoError(t, err, string(out))
}

// unwatched runs scenarios under a supervisor of its own, which can watch nothing.
func unwatched(c client) {
	_, err := unix.InotifyInit1(0)
	require.Equal(c, unix.EMFILE, err)
	for _, name := range []string{"references", "mappedOnly", "killedHolder", "churn"} {
		code, err := intercept.Run(context.Background(), options("env", scenarioVar+"="+name, countVar+"=400", "/proc/self/exe"))
		require.NoError(c, err)
		require.Zero(c, code, name)
	}
}
