//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var vanishing = map[string]func(client){"goneCgroup": goneCgroup, "goneDevice": goneDevice, "goneNetNS": goneNetNS}

// A link says that it is nowhere when the cgroup, device or network namespace is gone that it was attached to.
func TestVanishedPlaces(t *testing.T) {
	for name := range vanishing {
		t.Run(name, func(t *testing.T) {
			t.Run("linux", func(t *testing.T) { runOnLinux(t, name) })
			t.Run("run", func(t *testing.T) { runScenario(t, name, options()) })
		})
	}
}

// whereabouts is the word of a link's info that names what it is attached to.
func (c client) whereabouts(link int) uint32 {
	var info [64]byte
	c.check(bpf(bpfsys.ObjGetInfoByFD{FD: int32(link), Info: addr(&info), InfoLen: uint32(len(info))}))
	return binary.NativeEndian.Uint32(info[16:])
}

func (c client) link(kind abi.ProgType, at abi.AttachType, target int) int {
	return c.check(bpf(bpfsys.LinkCreate{ProgFD: int32(c.program(kind, at)), Target: int32(target), At: at}))
}

// detached waits until a link is attached to nothing: on Linux that happens in the background.
func (c client) detached(link int) {
	require.Eventually(c, func() bool { return c.whereabouts(link) == 0 }, time.Minute, time.Millisecond)
	_, errno := bpf(bpfsys.LinkUpdate{FD: int32(link), NewFD: int32(c.program(abi.ProgXDP, abi.AttachXDP))})
	require.NotZero(c, errno)
}

func goneCgroup(c client) {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(dir + "/cgroup.procs"); err != nil { // no cgroup v2
			continue
		}
		own, err := os.MkdirTemp(dir, "bpfsim")
		if err != nil {
			continue
		}
		fd := c.reading(own)
		link := c.link(abi.ProgCgroupSKB, abi.AttachCgroupInetIngress, int(fd))
		require.NotZero(c, c.whereabouts(link))
		require.NoError(c, unix.Rmdir(own))
		require.NoError(c, unix.Mkdir(own, 0o755)) // another one of the same name
		c.detached(link)
		c.refusesCgroup(int(fd), unix.ENOENT)
		require.NoError(c, unix.Rmdir(own))
	}
}

// refusesCgroup asks what every call says of a directory.
func (c client) refusesCgroup(dir int, want unix.Errno) {
	at, program := abi.AttachCgroupInetIngress, int32(c.program(abi.ProgCgroupSKB, abi.AttachCgroupInetIngress))
	for name, args := range map[string]bpfsys.Args{
		"link":   bpfsys.LinkCreate{ProgFD: program, Target: int32(dir), At: at},
		"attach": bpfsys.ProgAttach{Target: int32(dir), ProgFD: program, At: at},
		"detach": bpfsys.ProgDetach{Target: int32(dir), ProgFD: program, At: at},
		"query":  bpfsys.ProgQuery{Target: int32(dir), At: at},
	} {
		_, errno := bpf(args)
		require.Equal(c, want, errno, name)
	}
	require.Equal(c, want, c.refer(c.referMap(abi.CgroupArray, 4), 0, uint64(dir), 0), "an array of cgroups")
	require.Equal(c, want, c.refer(c.storage(abi.CgrpStorage), uint32(dir), 0, 0), "storage")
}

// inNetNS moves the thread to a network namespace of its own, for ever; false where it may not.
func (c client) inNetNS() bool {
	runtime.LockOSThread()
	return unix.Unshare(unix.CLONE_NEWNET) == nil
}

func goneDevice(c client) {
	if _, err := exec.LookPath("ip"); err != nil || !c.inNetNS() {
		return
	}
	require.NoError(c, exec.Command("ip", "link", "add", "gone", "type", "veth", "peer", "name", "peer").Run())
	require.NoError(c, exec.Command("ip", "link", "set", "gone", "up").Run())
	index := c.indexOf("gone")
	link := c.link(abi.ProgSchedCLS, abi.AttachTCXIngress, index)
	require.Equal(c, uint32(index), c.whereabouts(link))
	require.NoError(c, exec.Command("ip", "link", "set", "gone", "down").Run())
	require.Equal(c, uint32(index), c.whereabouts(link), "down is not gone")
	require.NoError(c, exec.Command("ip", "link", "del", "gone").Run())
	c.detached(link)
}

// indexOf asks the thread's own namespace, which sysfs does not show.
func (c client) indexOf(name string) int {
	request, err := unix.NewIfreq(name)
	require.NoError(c, err)
	s := c.socket(unix.AF_INET, unix.SOCK_DGRAM)
	require.NoError(c, unix.IoctlIfreq(s, unix.SIOCGIFINDEX, request))
	return int(request.Uint32())
}

func goneNetNS(c client) {
	before := int(c.reading("/proc/thread-self/ns/net"))
	if !c.inNetNS() {
		return
	}
	ns, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(c, err)
	link := c.link(abi.ProgSKLookup, abi.AttachSKLookup, ns)
	require.NoError(c, unix.Setns(before, unix.CLONE_NEWNET))
	require.NotZero(c, c.whereabouts(link), "an fd keeps it")
	require.NoError(c, unix.Close(ns))
	c.detached(link)
}
