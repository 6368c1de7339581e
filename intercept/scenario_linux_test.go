//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// scenarios are what the test binary can do as the command.
var scenarios map[string]func(client)

func init() {
	scenarios = map[string]func(client){
		"signals": pushUnderSignals, "threads": manyThreads, "references": references, "pins": pins,
		"file calls": fileCalls, "junk": junkCalls, "processes": processes, "holder": holder, "killed": killed,
		"nested": nested, "unprivileged": unprivileged, "descriptors": fullTable,
		"mmapRefused": mmapRefused, "mmapShared": mmapShared, "mmapChild": mmapChild, "mmapFreeze": mmapFreeze,
		"mmapHolder": mmapHolder, "mmapKeepsFDFlags": mmapKeepsFDFlags, "mapFDs": mapFDs, "churn": churn, "churner": churner, "closedInUse": closedInUse,
		"mappedOnly": mappedOnly, "duplicates": duplicates, "manyMaps": manyMaps, "killedHolder": killedHolder,
		"heldOutside": heldOutside, "unwatched": unwatched, "mappableCreate": mappableCreate,
		"leavePin": leavePin, "traced": traced, "outer": outer, "lookups": lookups, "fallback": fallback, "dumps": dumps,
		"creations": creations, "creator": creator, "native": native,
		"cpus": countCPUs, "ownLists": ownLists, "crash": crash, "crashing": crashing,
		"limits": limits, "unlimited": unlimited,
	}
	maps.Copy(scenarios, files)
	maps.Copy(scenarios, talking)
	maps.Copy(scenarios, hostilePerf)
	maps.Copy(scenarios, waits)
	maps.Copy(scenarios, stopping)
	maps.Copy(scenarios, crowding)
	maps.Copy(scenarios, inheriting)
	maps.Copy(scenarios, outliving)
	maps.Copy(scenarios, withBTF)
	maps.Copy(scenarios, referring)
	maps.Copy(scenarios, hiding)
	maps.Copy(scenarios, sizing)
	maps.Copy(scenarios, ringing)
	maps.Copy(scenarios, perfing)
	maps.Copy(scenarios, filtering)
	maps.Copy(scenarios, vanishing)
	maps.Copy(scenarios, perfLinking)
	maps.Copy(scenarios, linkEdges)
	scenarios["linkTexts"] = linkTexts
}

func TestScenarios(t *testing.T) {
	for _, name := range []string{"signals", "threads", "references", "pins", "file calls", "junk", "processes", "killed",
		"descriptors"} {
		t.Run(name, func(t *testing.T) { runScenario(t, name, options()) })
	}
}

func TestUnprivilegedCaller(t *testing.T) {
	o := options()
	o.Caps = bpfsys.Caps{}
	runScenario(t, "unprivileged", o)
}

// pushUnderSignals counts that every call is carried out once, however often a timer interrupts it. Without
// WAIT_KILLABLE_RECV some are carried out twice.
func pushUnderSignals(c client) {
	const pushes = 20000
	queue := c.create(abi.Queue, 0, 2*pushes)
	interval := unix.Timeval{Usec: 100}
	_, err := unix.Setitimer(unix.ItimerReal, unix.Itimerval{Interval: interval, Value: interval})
	require.NoError(c, err)
	for i := range uint32(pushes) {
		require.Equal(c, unix.Errno(0), c.push(queue, i))
	}
	for i := range uint32(pushes) {
		got, errno := c.pop(queue)
		require.Equal(c, unix.Errno(0), errno)
		require.Equal(c, i, got)
	}
	_, errno := c.pop(queue)
	require.Equal(c, unix.ENOENT, errno)
}

// manyThreads has every thread work on keys of its own.
func manyThreads(c client) {
	const threads, keys = 32, 100
	hash := c.create(abi.Hash, 4, threads*keys)
	var group sync.WaitGroup
	for thread := range uint32(threads) {
		group.Go(func() {
			runtime.LockOSThread()
			for i := range uint32(keys) {
				key := thread*keys + i
				require.Equal(c, unix.Errno(0), c.update(hash, key, ^key))
				got, errno := c.lookup(hash, key)
				require.Equal(c, unix.Errno(0), errno)
				require.Equal(c, ^key, got)
			}
		})
	}
	group.Wait()
}

// references checks what keeps a map alive, and that it goes with the last of it.
func references(c client) {
	c.alive(0, "at the start")
	fd := c.create(abi.Hash, 4, 1)
	id := c.ids()[0]
	c.alive(1, "an open fd")
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(c, err)
	c.close(fd)
	c.alive(1, "a duplicate")

	readOnly := c.check(bpf(bpfsys.MapGetFDByID{ID: id, OpenFlags: abi.FlagReadOnly}))
	c.close(dup)
	c.alive(1, "a read-only fd")
	require.Equal(c, unix.EPERM, c.update(readOnly, 1, 1))
	writeOnly := c.check(bpf(bpfsys.MapGetFDByID{ID: id, OpenFlags: abi.FlagWriteOnly}))
	c.close(readOnly)
	c.alive(1, "a write-only fd")
	require.Equal(c, unix.Errno(0), c.update(writeOnly, 1, 1))
	_, errno := c.lookup(writeOnly, 1)
	require.Equal(c, unix.EPERM, errno)

	readOnly = c.check(bpf(bpfsys.MapGetFDByID{ID: id, OpenFlags: abi.FlagReadOnly}))
	c.close(writeOnly)
	c.alive(1, "a read-only fd again")
	c.close(readOnly)
	c.alive(0, "closed by a reader")
	c.inFlight(c.create(abi.Hash, 4, 1))
	_, errno = bpf(bpfsys.MapGetFDByID{ID: id})
	require.Equal(c, unix.ENOENT, errno)
	c.inChild()
}

// inFlight gives the last fd of a map away in a message and receives it back.
func (c client) inFlight(fd int) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(c, err)
	require.NoError(c, unix.Sendmsg(pair[0], []byte{0}, unix.UnixRights(fd), nil, 0))
	c.close(fd)
	c.alive(1, "an fd in a message")
	oob := make([]byte, 64)
	_, n, _, _, err := unix.Recvmsg(pair[1], make([]byte, 1), oob, unix.MSG_CMSG_CLOEXEC)
	require.NoError(c, err)
	messages, err := unix.ParseSocketControlMessage(oob[:n])
	require.NoError(c, err)
	fds, err := unix.ParseUnixRights(&messages[0])
	require.NoError(c, err)
	require.Equal(c, unix.Errno(0), c.update(fds[0], 1, 2))
	c.close(fds[0])
	c.alive(0, "closed after the message")
}

// inChild leaves the last fd to another program.
func (c client) inChild() {
	fd := c.create(abi.Array, 4, 1)
	require.Equal(c, unix.Errno(0), c.update(fd, 0, 77))
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), scenarioVar+"=holder")
	child.Stdout = os.Stdout
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(fd), "map")}
	in, err := child.StdinPipe()
	require.NoError(c, err)
	require.NoError(c, child.Start())
	require.NoError(c, child.ExtraFiles[0].Close())
	c.alive(1, "an fd of a child")
	require.NoError(c, in.Close())
	require.NoError(c, child.Wait())
	c.alive(0, "the child ended")
}

// holder is the child of inChild: fd 3 is a map that it inherited.
func holder(c client) {
	_, _ = os.Stdin.Read(make([]byte, 1))
	got, errno := c.lookup(3, 0)
	require.Equal(c, unix.Errno(0), errno)
	require.Equal(c, uint32(77), got)
}

// pins uses the bpffs as programs use the real one.
func pins(c client) {
	dir := os.Getenv("BPFSIM_BPFFS")
	fd := c.create(abi.Hash, 4, 1)
	require.Equal(c, unix.Errno(0), c.pin(fd, dir+"/a"))
	c.close(fd)
	c.alive(1, "a pin")
	fd = c.check(c.get(dir+"/a", 0))
	require.Equal(c, unix.EEXIST, c.pin(fd, dir+"/a"))
	c.close(fd)
	c.pinErrors(dir)

	require.NoError(c, os.Mkdir(dir+"/sub", 0o700))
	require.NoError(c, os.Rename(dir+"/a", dir+"/sub/b"))
	c.alive(1, "a renamed pin")
	fd = c.check(c.get(dir+"/sub/b", abi.FlagReadOnly))
	require.Equal(c, unix.EPERM, c.update(fd, 1, 1))
	require.NoError(c, os.Chdir(dir+"/sub"))
	require.Equal(c, unix.Errno(0), c.pin(fd, "../second"), "a relative path")
	c.close(fd)
	c.listing(dir)
	c.belowDirectory(dir)
	require.NoError(c, os.Remove("b"))
	c.alive(1, "the second pin")
	require.NoError(c, os.Remove(dir+"/second"))
	c.alive(0, "no pin")
}

// belowDirectory names pins relative to an open directory.
func (c client) belowDirectory(dir string) {
	at, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	require.NoError(c, err)
	defer c.close(at)
	name := pathname("sub/b")
	get := bpfsys.ObjGet{Pathname: addr(name), PathFD: int32(at), Flags: abi.FlagPathFD}
	c.close(c.check(bpf(get)))
	get.PathFD = 9999
	_, errno := bpf(get)
	require.Equal(c, unix.EBADF, errno)
	absolute := pathname(dir + "/second")
	get.Pathname = addr(absolute)
	c.close(c.check(bpf(get)))
	for _, path := range []string{fmt.Sprintf("/proc/self/fd/%d/second", at), fmt.Sprintf("/proc/thread-self/fd/%d/second", at)} {
		c.close(c.check(c.get(path, 0)))
	}
}

// listing requires what ls shows.
func (c client) listing(dir string) {
	info, err := os.Lstat(dir + "/second")
	require.NoError(c, err)
	require.Equal(c, os.FileMode(0o600), info.Mode())
	require.Zero(c, info.Size())
	entries, err := os.ReadDir(dir)
	require.NoError(c, err)
	require.Len(c, entries, 2)
}

// pinErrors tries what the real bpffs refuses (Linux 6.18).
func (c client) pinErrors(dir string) {
	fd := c.create(abi.Hash, 4, 1)
	defer c.close(fd)
	require.Equal(c, unix.EPERM, c.pin(fd, dir+"/with.dot"))
	require.Equal(c, unix.EPERM, c.pin(fd, "/tmp/bpfsim-no-bpffs"))
	require.Equal(c, unix.ENOENT, c.pin(fd, dir+"/absent/x"))
	require.Equal(c, unix.ENOENT, c.pin(fd, ""))
	require.Equal(c, unix.ENOENT, c.pin(fd, dir+"/slash/"))
	require.Equal(c, unix.EEXIST, c.pin(fd, dir+"/."))
	require.Equal(c, unix.EEXIST, c.pin(fd, "/"))
	require.Equal(c, unix.ENOTDIR, c.pin(fd, dir+"/a/x"))
	for path, want := range map[string]unix.Errno{
		dir + "/absent": unix.ENOENT, dir: unix.EACCES, "/tmp": unix.EACCES, "/proc/self/exe": unix.EACCES, "": unix.ENOENT,
	} {
		_, errno := c.get(path, abi.FlagReadOnly)
		require.Equal(c, want, errno, path)
	}
}

// junkCalls must leave the supervisor unharmed, and the next call right.
func junkCalls(c client) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		junk(uintptr(random.Uint64()>>(random.UintN(64))), uintptr(random.Uint64()>>random.UintN(64)),
			uintptr(random.Uint64()>>random.UintN(64)))
	}
	_, err := os.Readlink("/proc/self/fd/99999999999")
	require.Error(c, err)
	_, err = os.ReadFile("/proc/1/fdinfo/x")
	require.Error(c, err)
	queue := c.create(abi.Queue, 0, 1)
	require.Equal(c, unix.Errno(0), c.push(queue, 1))
	require.Equal(c, unix.EBADF, c.push(-1, 1))
	require.Equal(c, unix.EBADF, c.push(9999, 1))
	require.Equal(c, unix.EINVAL, c.push(0, 1))
}

// processes shares a map with grandchildren of a shell.
func processes(c client) {
	fd := c.create(abi.Array, 4, 1)
	require.Equal(c, unix.Errno(0), c.update(fd, 0, 77))
	shell := exec.Command("sh", "-c", `sh -c "$0 </dev/null" && "$0" </dev/null`, "/proc/self/exe")
	exe, err := os.Executable()
	require.NoError(c, err)
	shell.Args[3] = exe
	shell.Env = append(os.Environ(), scenarioVar+"=holder")
	shell.ExtraFiles = []*os.File{os.NewFile(uintptr(fd), "map")}
	out, err := shell.CombinedOutput()
	require.NoError(c, err, string(out))
}

// killed ends children in the midst of their calls.
func killed(c client) {
	fd := c.create(abi.Array, 4, 1)
	for range 20 {
		child := exec.Command("/proc/self/exe")
		child.Env = append(os.Environ(), scenarioVar+"=junk")
		require.NoError(c, child.Start())
		for range 50 {
			require.Equal(c, unix.Errno(0), c.update(fd, 0, 1))
		}
		require.NoError(c, child.Process.Kill())
		_ = child.Wait()
	}
	c.close(fd)
	c.alive(0, "after the children's end")
}

func nested(c client) {
	_, err := intercept.Run(context.Background(), options("true"))
	require.Error(c, err)
	fmt.Println(err)
}

func unprivileged(c client) {
	_, errno := bpf(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.Equal(c, unix.EPERM, errno)
	_, errno = nextID(0)
	require.Equal(c, unix.EPERM, errno)
}

// fullTable has no room for another fd.
func fullTable(c client) {
	fd := c.create(abi.Array, 4, 1)
	require.NoError(c, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(fd) + 1, Max: uint64(fd) + 1}))
	_, errno := bpf(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.Equal(c, unix.EMFILE, errno)
	c.alive(1, "the map without an fd is gone")
}

func leavePin(c client) {
	dir := os.Getenv("BPFSIM_BPFFS")
	fd := c.create(abi.Array, 4, 1)
	require.Equal(c, unix.Errno(0), c.pin(fd, dir+"/left"))
	require.NoError(c, os.Rename(dir+"/left", dir+"/behind"))
}

// fallback runs the pins scenario where no namespace can be had.
func fallback(c client) {
	require.NoError(c, os.Setenv(scenarioVar, "pins"))
	code, err := intercept.Run(context.Background(), options("/proc/self/exe"))
	require.NoError(c, err)
	require.Zero(c, code)
}

// unshared runs a script as root of a user namespace of its own.
func unshared(exe, script string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", script, exe)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	return cmd
}

// Where bpf(2), or what answers it, is refused from outside, the command must not run and see it fail.
func TestOuterFilter(t *testing.T) {
	skipIfRefused(t)
	for _, call := range []int{unix.SYS_BPF, unix.SYS_PROCESS_VM_WRITEV} {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), scenarioVar+"=outer", fmt.Sprint(commandVar, "=", call))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// outer is not run under the supervisor but starts one.
func outer(c client) {
	call, err := strconv.ParseUint(os.Getenv(commandVar), 10, 32)
	require.NoError(c, err)
	require.NoError(c, intercept.Refuse(uint32(call)))
	code, err := intercept.Run(context.Background(), options("true"))
	require.ErrorContains(c, err, "outer seccomp filter")
	require.Equal(c, intercept.ExitFailed, code)
}
