//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"os"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func procFD(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// fdCall is a call on a map's fd: what Linux answers, and what a run answers where that is another.
type fdCall struct {
	name        string
	linux, here unix.Errno
	call        func(fd int) error
}

const same = unix.Errno(1 << 30)

// fdCalls are for a fd for reading and writing. Where the two differ, limits say so.
var fdCalls = []fdCall{
	{"set a read lease", unix.EINVAL, same, fcntl(unix.F_SETLEASE, unix.F_RDLCK)},
	{"set a write lease", unix.EINVAL, same, fcntl(unix.F_SETLEASE, unix.F_WRLCK)},
	{"give up a lease", unix.EINVAL, same, fcntl(unix.F_SETLEASE, unix.F_UNLCK)},
	{"add seals", unix.EINVAL, same, fcntl(unix.F_ADD_SEALS, unix.F_SEAL_SEAL)},
	{"get seals", unix.EINVAL, same, fcntl(unix.F_GET_SEALS, 0)},
	{"watch as a directory", unix.ENOTDIR, same, fcntl(unix.F_NOTIFY, unix.IN_ACCESS)},
	{"set the owner", 0, same, fcntl(unix.F_SETOWN, os.Getpid())},
	{"lock", 0, same, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) }},
	{"unlock", 0, same, func(fd int) error { return unix.Flock(fd, unix.LOCK_UN) }},
	{"execute", unix.EACCES, same, func(fd int) error { return unix.Access(procFD(fd), unix.X_OK) }},
	{"read the directory", unix.ENOTDIR, same, func(fd int) error { _, err := unix.Getdents(fd, make([]byte, 64)); return err }},
	{"change into it", unix.ENOTDIR, same, unix.Fchdir},
	{"terminal attributes", unix.ENOTTY, same, func(fd int) error { _, err := unix.IoctlGetInt(fd, unix.TCGETS); return err }},
	{"O_PATH handle", 0, same, reopen(unix.O_PATH)},

	{"read", unix.EINVAL, 0, func(fd int) error { _, err := unix.Read(fd, make([]byte, 1)); return err }},
	{"write", unix.EINVAL, unix.EPERM, func(fd int) error { _, err := unix.Write(fd, make([]byte, 1)); return err }},
	{"pread", unix.ESPIPE, 0, func(fd int) error { _, err := unix.Pread(fd, make([]byte, 1), 0); return err }},
	{"pwrite", unix.ESPIPE, unix.EPERM, func(fd int) error { _, err := unix.Pwrite(fd, make([]byte, 1), 0); return err }},
	{"seek", unix.ESPIPE, 0, func(fd int) error { _, err := unix.Seek(fd, 0, 0); return err }},
	{"truncate", unix.EINVAL, unix.EPERM, func(fd int) error { return unix.Ftruncate(fd, 10) }},
	{"allocate", unix.ENODEV, unix.EPERM, func(fd int) error { return unix.Fallocate(fd, 0, 0, 1) }},
	{"synchronize", unix.EINVAL, 0, unix.Fsync},
	{"change the mode", unix.EOPNOTSUPP, 0, func(fd int) error { return unix.Fchmod(fd, 0) }},
	{"wait by epoll", 0, same, epoll},
	{"reopen to read", unix.ENXIO, 0, reopen(unix.O_RDONLY)},
	{"reopen to write", unix.ENXIO, 0, reopen(unix.O_RDWR)},
}

func fcntl(cmd, arg int) func(int) error {
	return func(fd int) error {
		_, err := unix.FcntlInt(uintptr(fd), cmd, arg)
		return err
	}
}

func epoll(fd int) error {
	queue, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(queue)
	return unix.EpollCtl(queue, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

func reopen(mode int) func(int) error {
	return func(fd int) error {
		opened, err := unix.Open(procFD(fd), mode|unix.O_CLOEXEC, 0)
		if err == nil {
			_ = unix.Close(opened)
		}
		return err
	}
}

// mapFDs makes every call, after each of which the map works as before and its fds can still be opened.
func mapFDs(c client) {
	onLinux := os.Getenv(onLinuxVar) != ""
	fd := c.make(abi.Hash, 4, 10, 0)
	mapFDStat(c, fd)
	for i, row := range fdCalls {
		want := row.linux
		if !onLinux && row.here != same {
			want = row.here
		}
		require.Equal(c, want, errnoOf(row.call(fd)), row.name)
		require.Zero(c, c.update(fd, 1, uint32(i)), row.name)
		c.close(c.again(fd, 0))
	}
	mapFDRights(c, fd)
	id := c.id(fd)
	c.close(fd)
	require.False(c, c.live(id))
}

func mapFDStat(c client, fd int) {
	var st unix.Stat_t
	require.NoError(c, unix.Fstat(fd, &st))
	require.EqualValues(c, 0o600, st.Mode&0o7777)
	require.Zero(c, st.Size)
	var fs unix.Statfs_t
	require.NoError(c, unix.Fstatfs(fd, &fs))
	require.EqualValues(c, unix.ANON_INODE_FS_MAGIC, fs.Type)
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	require.NoError(c, err)
	require.Equal(c, unix.O_RDWR, flags&unix.O_ACCMODE)
	require.Zero(c, flags&(unix.O_NONBLOCK|unix.O_APPEND))
	flags, err = unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	require.NoError(c, err)
	require.Equal(c, unix.FD_CLOEXEC, flags)
}

// mapFDRights: no way of opening a fd again gains rights.
func mapFDRights(c client, fd int) {
	readOnly, writeOnly := c.again(fd, abi.FlagReadOnly), c.again(fd, abi.FlagWriteOnly)
	for _, row := range []struct {
		name         string
		fd           int
		read, update unix.Errno
	}{{"read-only", readOnly, 0, unix.EPERM}, {"write-only", writeOnly, unix.EPERM, 0}} {
		for _, mode := range []int{unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR} {
			opened, err := unix.Open(procFD(row.fd), mode|unix.O_CLOEXEC, 0)
			if err != nil { // Linux: ENXIO
				continue
			}
			_, errno := c.lookup(opened, 1)
			require.Equal(c, row.read, errno, row.name)
			require.Equal(c, row.update, c.update(opened, 1, 1), row.name)
			c.close(opened)
		}
		_, errno := c.lookup(row.fd, 1)
		require.Equal(c, row.read, errno, row.name)
		require.Equal(c, unix.EINVAL, errnoOf(fcntl(unix.F_GET_SEALS, 0)(row.fd)), row.name)
		seals := map[bool]unix.Errno{true: unix.EPERM, false: unix.EINVAL}[row.fd == readOnly]
		require.Equal(c, seals, errnoOf(fcntl(unix.F_ADD_SEALS, unix.F_SEAL_SEAL)(row.fd)), row.name)
		c.close(row.fd)
	}
	handle, err := unix.Open(procFD(fd), unix.O_PATH|unix.O_CLOEXEC, 0)
	require.NoError(c, err)
	require.Equal(c, unix.EBADF, c.update(handle, 1, 1))
	c.close(handle)
}
