//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// hostQueries asks for programs where there are none: the answers tell what a fd is, and who has one. An O_PATH fd is open
// to those who ask about a cgroup, and to nobody else.
func hostQueries(c client) {
	null, closed := c.reading("/dev/null"), uint32(9999)
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(dir + "/cgroup.procs"); err != nil { // no cgroup v2
			continue
		}
		for fd, want := range map[uint32]unix.Errno{
			c.reading(dir): 0, uint32(c.at(dir)): 0, c.reading(dir + "/cgroup.procs"): unix.EBADF,
			null: unix.EBADF, closed: unix.EBADF,
		} {
			require.Equal(c, want, c.attached(abi.AttachCgroupInetIngress, fd), "cgroup: fd %d", fd)
		}
	}
	for fd, want := range map[uint32]unix.Errno{
		c.reading("/proc/self/ns/net"): 0, uint32(c.at("/proc/self/ns/net")): unix.EBADF, c.reading("/proc/self/ns/user"): unix.EINVAL, null: unix.EINVAL, closed: unix.EBADF,
	} {
		require.Equal(c, want, c.attached(abi.AttachFlowDissector, fd), "network namespace: fd %d", fd)
	}
	require.Zero(c, c.attached(abi.AttachTCXIngress, 1), "lo")
	require.Equal(c, unix.ENODEV, c.attached(abi.AttachTCXIngress, 1<<30))
	for fd, want := range map[uint32]unix.Errno{
		c.reading(c.fs("")): unix.EOPNOTSUPP, uint32(c.at(c.fs(""))): unix.EBADF, c.reading("/"): unix.EINVAL,
		null: unix.EINVAL, closed: unix.EBADF,
	} {
		require.Equal(c, want, bpfWords(abi.TokenCreate, map[int]uint32{4: fd}), "bpffs: fd %d", fd)
	}
	c.tasks(null, closed)
}

// tasks looks for fds of processes.
func (c client) tasks(null, closed uint32) {
	us, parent := uint32(os.Getpid()), uint32(os.Getppid())
	for _, row := range []struct {
		name    string
		pid, fd uint32
		want    unix.Errno
	}{
		{"ours", us, null, unix.Errno(abi.ENOTSUPP)}, {"closed", us, closed, unix.EBADF},
		{"no number of a fd", us, 1 << 31, unix.EBADF}, {"nobody's", 1 << 30, null, unix.ENOENT},
		{"another's", parent, 0, unix.Errno(abi.ENOTSUPP)}, {"another's closed", parent, closed, unix.EBADF},
	} {
		require.Equal(c, row.want, bpfWords(abi.TaskFDQuery, map[int]uint32{0: row.pid, 4: row.fd}), row.name)
	}
}

// attached asks what is attached to a fd or a device.
func (c client) attached(at abi.AttachType, target uint32) unix.Errno {
	return bpfWords(abi.ProgQuery, map[int]uint32{0: target, 4: uint32(at)})
}

// reading opens a file for reading.
func (c client) reading(path string) uint32 {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(c, err)
	return uint32(fd)
}
