//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var waits = map[string]func(client){"pageFault": pageFault, "pageFaults": pageFaults, "fuse": fuse, "endless": endless}

// A call whose answer waits for a program keeps no other call waiting: here the program that it waits for makes one.
func TestCallsThatWaitForAProgram(t *testing.T) {
	for _, name := range []string{"pageFault", "pageFaults", "fuse"} {
		t.Run(name, func(t *testing.T) {
			got := runProgram(t, name, options())
			if got.code == skipped {
				t.Skip(got.stdout)
			}
			require.Equal(t, result{}, got)
		})
	}
}

// skipped is the exit status of a scenario for which the host has not what it takes; its output says what.
const skipped = 77

func (client) skip(why ...any) {
	fmt.Println(why...)
	os.Exit(skipped)
}

// pageFaults has several calls wait at the same time, so that one worker after the other is kept busy, after a time in
// which all have fallen asleep.
func pageFaults(c client) {
	const many = 6
	fd := c.create(abi.Hash, 4, 1)
	time.Sleep(100 * time.Millisecond)
	var waiting, done sync.WaitGroup
	waiting.Add(many)
	for range many {
		faults, page := c.userfault()
		done.Go(func() {
			_, err := unix.Read(faults, make([]byte, 32))
			require.NoError(c, err)
			waiting.Done()
			waiting.Wait()
			_, err = os.ReadFile("/proc/self/status")
			require.NoError(c, err)
			require.NoError(c, c.bring(faults, page, nil))
		})
		done.Go(func() {
			key := uint64(page)
			_, errno := bpf(bpfsys.MapLookupElem{FD: int32(fd), Key: key, Value: key + 8})
			require.Equal(c, unix.ENOENT, errno)
		})
	}
	done.Wait()
}

// pageFault makes a call with a key on a page that this program brings when it is asked for (userfaultfd(2)).
func pageFault(c client) {
	faults, page := c.userfault()
	served := make(chan error)
	go func() { served <- c.serveFault(faults, page) }()
	fd := c.create(abi.Hash, 4, 1)
	key := uint64(page)
	_, errno := bpf(bpfsys.MapLookupElem{FD: int32(fd), Key: key, Value: key + 8})
	require.Equal(c, unix.ENOENT, errno)
	require.NoError(c, <-served)
}

// serveFault brings the page once it is asked for, and before that opens a file that the supervisor is told of.
func (c client) serveFault(faults int, page uintptr) error {
	var event [32]byte
	if _, err := unix.Read(faults, event[:]); err != nil {
		return err
	}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	return c.bring(faults, page, text[:4])
}

// Calls that wait for ever take no processor from those that others make, even where the supervisor has one.
func TestEndlessCallsOnOneProcessor(t *testing.T) {
	skipIfRefused(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=supervise", commandVar+"=endless", "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	if strings.Contains(string(out), "userfaultfd") {
		t.Skip(string(out))
	}
	require.Equal(t, "0 <nil>\n", string(out))
}

// endless makes calls that wait until it has opened files, besides long ones.
func endless(c client) {
	const calls = 4
	fd := c.create(abi.Hash, 4, 10000)
	var ends [calls]func()
	ended := make(chan unix.Errno, calls)
	for i := range ends {
		faults, page := c.userfault()
		go func() {
			_, errno := bpf(bpfsys.MapLookupElem{FD: int32(fd), Key: uint64(page), Value: uint64(page) + 8})
			ended <- errno
		}()
		var event [32]byte
		_, err := unix.Read(faults, event[:])
		require.NoError(c, err)
		ends[i] = func() { require.NoError(c, c.bring(faults, page, []byte("abcd"))) }
	}
	stop := make(chan struct{})
	for range 2 {
		go c.longCalls(c.create(abi.Hash, 4, 10000), stop)
	}
	for range 100 {
		_, err := os.ReadFile("/proc/self/status")
		require.NoError(c, err)
		c.absent(fd)
	}
	close(stop)
	for _, end := range ends {
		end()
		require.Equal(c, unix.ENOENT, <-ended)
	}
}

// longCalls writes many elements at a time.
func (c client) longCalls(fd int, stop <-chan struct{}) {
	keys, values := make([]uint32, 10000), make([]uint32, 10000)
	for i := range keys {
		keys[i] = uint32(i)
	}
	for {
		select {
		case <-stop:
			return
		default:
		}
		_, errno := bpf(bpfsys.MapUpdateBatch{FD: int32(fd), Keys: addr(&keys[0]), Values: addr(&values[0]), Count: uint32(len(keys))})
		require.Equal(c, unix.Errno(0), errno)
	}
}

// fuse asks for a file system's name in a directory whose server is this program.
func fuse(c client) {
	dir, err := os.MkdirTemp("", "")
	require.NoError(c, err)
	defer os.Remove(dir)
	server, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		c.skip("open /dev/fuse:", err)
	}
	data := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d", server, os.Getuid(), os.Getgid())
	if err := unix.Mount("test", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, data); err != nil {
		_ = os.Remove(dir)
		c.skip("mount fuse:", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	go serveFuse(server)
	var st unix.Statfs_t
	require.Equal(c, unix.ENOENT, unix.Statfs(dir+"/absent", &st))
}

// Numbers of linux/fuse.h.
const (
	fuseLookup    = 1
	fuseInit      = 26
	fuseForget    = 2
	fuseHeader    = 40
	fuseOutHeader = 16
	fuseInitOut   = 64
)

// serveFuse has no files; it looks for a name by opening a file that the supervisor is told of.
func serveFuse(server int) {
	request := make([]byte, 1<<17)
	for {
		n, err := unix.Read(server, request)
		if err != nil || n < fuseHeader {
			return
		}
		op, errno, size := binary.NativeEndian.Uint32(request[4:]), unix.ENOSYS, fuseOutHeader
		var reply [fuseOutHeader + fuseInitOut]byte
		switch op {
		case fuseForget:
			continue
		case fuseInit:
			errno, size = 0, len(reply)
			binary.NativeEndian.PutUint32(reply[fuseOutHeader:], 7)
			binary.NativeEndian.PutUint32(reply[fuseOutHeader+4:], 31)
		case fuseLookup:
			errno = unix.ENOENT
			if _, err := os.ReadFile("/proc/self/status"); err != nil {
				errno = unix.EIO
			}
		}
		binary.NativeEndian.PutUint32(reply[:], uint32(size))
		binary.NativeEndian.PutUint32(reply[4:], uint32(-int32(errno)))
		copy(reply[8:16], request[8:16])
		if _, err := unix.Write(server, reply[:size]); err != nil {
			return
		}
	}
}
