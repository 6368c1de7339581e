//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var referring = map[string]func(client){"socketMaps": socketMaps, "deviceMaps": deviceMaps, "storageMaps": storageMaps, "arenas": arenas}

// What the maps hold that refer to something is asked of the host, and is the same on Linux and under the supervisor.
func TestReferringMaps(t *testing.T) {
	for name := range referring {
		t.Run(name, func(t *testing.T) {
			t.Run("linux", func(t *testing.T) { runOnLinux(t, name) })
			t.Run("run", func(t *testing.T) { runScenario(t, name, options()) })
		})
	}
}

func (c client) referMap(kind abi.MapType, valueSize uint32) int {
	return c.check(bpf(bpfsys.MapCreate{Type: kind, KeySize: 4, ValueSize: valueSize, MaxEntries: 4}))
}

// refer puts value in for key.
func (c client) refer(m int, key uint32, value uint64, flags uint64) unix.Errno {
	_, errno := bpf(bpfsys.MapUpdateElem{FD: int32(m), Key: addr(&key), Value: addr(&value), Flags: flags})
	return errno
}

func (c client) referred(m int, key uint32) (value uint64, errno unix.Errno) {
	_, errno = bpf(bpfsys.MapLookupElem{FD: int32(m), Key: addr(&key), Value: addr(&value)})
	return value, errno
}

func (c client) socket(family, kind int) int {
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	require.NoError(c, err)
	return fd
}

// bound is a socket of IPv4 with a port.
func (c client) bound(kind int, reuse bool) int {
	fd := c.socket(unix.AF_INET, kind)
	if reuse {
		require.NoError(c, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	}
	require.NoError(c, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	return fd
}

// socketMaps: which sockets fit, by kind and state, what is read of them, and that they leave with their last fd.
func socketMaps(c client) {
	socks, hash, group := c.referMap(abi.SockMap, 8), c.referMap(abi.SockHash, 8), c.referMap(abi.ReusePortSockArray, 8)
	listener, udp, shared := c.bound(unix.SOCK_STREAM, false), c.bound(unix.SOCK_DGRAM, false), c.bound(unix.SOCK_DGRAM, true)
	require.Equal(c, unix.EOPNOTSUPP, c.refer(socks, 0, uint64(listener), 0), "bound")
	require.NoError(c, unix.Listen(listener, 1))
	name, err := unix.Getsockname(listener)
	require.NoError(c, err)
	peer := c.socket(unix.AF_INET, unix.SOCK_STREAM)
	require.NoError(c, unix.Connect(peer, name))
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(c, err)
	for fd, want := range map[int]unix.Errno{
		listener: 0, peer: 0, udp: 0, shared: 0, pair[0]: 0, c.socket(unix.AF_UNIX, unix.SOCK_DGRAM): 0,
		c.socket(unix.AF_INET, unix.SOCK_DGRAM): unix.EOPNOTSUPP, c.socket(unix.AF_INET, unix.SOCK_STREAM): unix.EOPNOTSUPP,
		c.socket(unix.AF_UNIX, unix.SOCK_STREAM): unix.EOPNOTSUPP, c.socket(unix.AF_NETLINK, unix.SOCK_RAW): unix.EOPNOTSUPP,
		int(c.reading("/dev/null")): unix.ENOTSOCK, 9999: unix.EBADF, socks: unix.ENOTSOCK,
	} {
		require.Equal(c, want, c.refer(socks, 0, uint64(fd), 0), "fd %d", fd)
		require.Equal(c, want, c.refer(hash, 7, uint64(fd), 0), "fd %d", fd)
		if want == 0 {
			cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
			require.NoError(c, err)
			got, errno := c.referred(socks, 0)
			require.Zero(c, errno)
			require.Equal(c, cookie, got)
		}
	}
	require.Zero(c, c.refer(socks, 1, uint64(shared), 0))
	require.Equal(c, unix.EBUSY, c.refer(group, 1, uint64(shared), 0))
	require.Equal(c, unix.EINVAL, c.refer(group, 1, uint64(udp), 0))
	require.Zero(c, c.refer(hash, 1, uint64(shared), 0))
	copied, err := unix.Dup(shared)
	require.NoError(c, err)
	child := exec.Command("/bin/sleep", "1000")
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(copied), "socket")}
	require.NoError(c, child.Start())
	c.close(copied)
	c.close(shared)
	_, errno := c.referred(socks, 1)
	require.Zero(c, errno, "another process has it")
	require.NoError(c, child.Process.Kill())
	_ = child.Wait()
	for _, m := range []int{socks, hash} {
		_, errno := c.referred(m, 1)
		require.Equal(c, unix.ENOENT, errno, "closed")
	}
}

// deviceMaps: lo is there, and others are not.
func deviceMaps(c client) {
	for _, kind := range []abi.MapType{abi.DevMap, abi.DevMapHash} {
		m := c.referMap(kind, 4)
		require.Zero(c, c.refer(m, 1, 1, 0))
		got, errno := c.referred(m, 1)
		require.Zero(c, errno)
		require.Equal(c, uint64(1), got)
		require.Equal(c, unix.EINVAL, c.refer(m, 1, 1<<30, 0))
	}
	cgroups := c.referMap(abi.CgroupArray, 4)
	require.Equal(c, unix.EBADF, c.refer(cgroups, 0, uint64(c.reading("/dev/null")), 0))
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var fs unix.Statfs_t
		if unix.Statfs(dir, &fs) == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC {
			require.Zero(c, c.refer(cgroups, 0, uint64(c.reading(dir)), 0))
		}
	}
	xsks := c.referMap(abi.XSKMap, 4)
	require.Equal(c, unix.EOPNOTSUPP, c.refer(xsks, 0, uint64(c.socket(unix.AF_INET, unix.SOCK_DGRAM)), 0))
}

func (c client) storage(kind abi.MapType) int {
	var b btf.Builder
	b.Int("u32", 4)
	data := b.Bytes()
	types := c.check(bpf(bpfsys.BTFLoad{Data: addr(&data[0]), Size: uint32(len(data))}))
	return c.check(bpf(bpfsys.MapCreate{Type: kind, KeySize: 4, ValueSize: 4, Flags: abi.FlagNoPrealloc, BTFFD: int32(types),
		BTFKeyType: 1, BTFValueType: 1}))
}

// storageMaps: what an fd names has the value, by whatever fd; a process has it until it has ended.
func storageMaps(c client) {
	file, again := int(c.reading("/dev/null")), int(c.reading("/dev/null"))
	sock := c.bound(unix.SOCK_DGRAM, false)
	dup, err := unix.Dup(sock)
	require.NoError(c, err)
	child := exec.Command("/bin/sleep", "1000")
	require.NoError(c, child.Start())
	pidfd, err := unix.PidfdOpen(child.Process.Pid, 0)
	require.NoError(c, err)
	pidfd2, err := unix.PidfdOpen(child.Process.Pid, 0)
	require.NoError(c, err)
	self, err := unix.PidfdOpen(os.Getpid(), 0)
	require.NoError(c, err)
	for _, row := range []struct {
		kind                   abi.MapType
		owner, same, other, no int
		errno                  unix.Errno
	}{
		{abi.InodeStorage, file, again, sock, 9999, unix.EBADF},
		{abi.InodeStorage, int(c.at("/")), int(c.reading("/")), sock, -1, unix.EBADF},
		{abi.SKStorage, sock, dup, c.socket(unix.AF_UNIX, unix.SOCK_STREAM), file, unix.ENOTSOCK},
		{abi.TaskStorage, pidfd, pidfd2, self, file, unix.EBADF},
	} {
		m := c.storage(row.kind)
		require.Equal(c, row.errno, c.refer(m, uint32(row.no), 1, 0), row.kind)
		require.Equal(c, unix.ENOENT, c.refer(m, uint32(row.owner), 1, abi.Exist), row.kind)
		require.Zero(c, c.refer(m, uint32(row.owner), 7, 0), row.kind)
		require.Equal(c, unix.EEXIST, c.refer(m, uint32(row.same), 1, abi.NoExist), row.kind)
		got, errno := c.referred(m, uint32(row.same))
		require.Zero(c, errno, row.kind)
		require.Equal(c, uint64(7), got, row.kind)
		_, errno = c.referred(m, uint32(row.other))
		require.Equal(c, unix.ENOENT, errno, row.kind)
		if row.kind == abi.TaskStorage {
			require.NoError(c, child.Process.Kill())
			_ = child.Wait()
			_, errno := c.referred(m, uint32(pidfd))
			require.Equal(c, unix.ENOENT, errno)
			require.Equal(c, unix.ENOENT, c.refer(m, uint32(pidfd2), 1, 0))
		}
	}
}

// arenas are mapped from their start only, and the mappings are one memory.
func arenas(c client) {
	m := c.check(bpf(bpfsys.MapCreate{Type: abi.Arena, MaxEntries: 4, Flags: abi.FlagMmapable}))
	_, err := unix.Mmap(m, 4096, 4096, protRW, shared)
	require.Equal(c, unix.EINVAL, err)
	memory, err := unix.Mmap(m, 0, 4*4096, protRW, shared)
	require.NoError(c, err)
	memory[3*4096] = 42
	require.Equal(c, byte(42), memory[3*4096])
	_, errno := bpf(bpfsys.MapLookupElem{FD: int32(m)})
	require.Equal(c, unix.EINVAL, errno)
	require.NoError(c, unix.Munmap(memory))
}
