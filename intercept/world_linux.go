//go:build linux && (amd64 || arm64)

package intercept

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// Socket asks the host about a socket of the caller's (bpfsys.World). The fd is borrowed only for that long: a socket that stays
// open here would never be closed for its program.
func (c *call) Socket(fd int32) (bpfsys.Socket, abi.Errno) {
	id, open := c.caller().stat(fd)
	if !open || !c.caller().usable(fd) {
		return bpfsys.Socket{}, abi.EBADF
	}
	borrowed, err := c.caller().borrow(fd)
	if err != nil {
		return bpfsys.Socket{}, errnoOf(err)
	}
	defer unix.Close(borrowed)
	s, err := socketOf(borrowed)
	if err != nil {
		return bpfsys.Socket{}, abi.ENOTSOCK
	}
	holder := c.caller().path() + "/fd/" + strconv.Itoa(int(fd))
	s.Closed = func() bool { return !someoneHas(holder, id) }
	return s, abi.OK
}

// socketOf reads what maps look at.
func socketOf(fd int) (s bpfsys.Socket, err error) {
	for _, field := range []struct {
		option int
		to     *int
	}{{unix.SO_DOMAIN, &s.Family}, {unix.SO_TYPE, &s.Type}, {unix.SO_PROTOCOL, &s.Protocol}} {
		if *field.to, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, field.option); err != nil {
			return s, err
		}
	}
	if s.Cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE); err != nil {
		return s, err
	}
	s.State = stateOf(fd)
	reuse, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT)
	s.Reuse = reuse != 0
	locked, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER)
	s.Locked = locked != 0
	if s.Reuse && (s.State == bpfsys.Listening || s.State == bpfsys.Bound && s.Type == unix.SOCK_DGRAM) {
		s.Group = groupOf(fd, s.Protocol)
	}
	return s, nil
}

// groupOf names the sockets of a protocol that share the address of one.
func groupOf(fd, protocol int) string {
	at, _ := unix.Getsockname(fd)
	switch at := at.(type) {
	case *unix.SockaddrInet4:
		return fmt.Sprintf("protocol %d, %v", protocol, netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port)))
	case *unix.SockaddrInet6:
		return fmt.Sprintf("protocol %d, %v", protocol, netip.AddrPortFrom(netip.AddrFrom16(at.Addr), uint16(at.Port)))
	}
	return ""
}

// tcpEstablished is TCP_ESTABLISHED of the kernel's net/tcp_states.h.
const tcpEstablished = 1

// stateOf asks in the order in which a socket goes through its states. TCP keeps its peer's address in states behind
// ESTABLISHED, too.
func stateOf(fd int) bpfsys.SocketState {
	if listens, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); listens != 0 {
		return bpfsys.Listening
	}
	if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
		if info.State == tcpEstablished {
			return bpfsys.Established
		}
	} else if _, err := unix.Getpeername(fd); err == nil {
		return bpfsys.Established
	}
	if hasPort(fd) {
		return bpfsys.Bound
	}
	return bpfsys.Unbound
}

func hasPort(fd int) bool {
	at, _ := unix.Getsockname(fd)
	switch at := at.(type) {
	case *unix.SockaddrInet4:
		return at.Port != 0
	case *unix.SockaddrInet6:
		return at.Port != 0
	}
	return false
}

// someoneHas looks for a fd of a file, where it was seen before and then in all processes: nothing tells when the last fd of a socket
// is closed. A fd that is only in a message under way is not found.
func someoneHas(link string, id inode) bool {
	if isFile(link, id) {
		return true
	}
	found := errors.New("found")
	processes, _ := filepath.Glob("/proc/[0-9]*/fd")
	for _, dir := range processes {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type() == os.ModeSymlink && isFile(path, id) {
				return found
			}
			return nil
		})
		if err == found {
			return true
		}
	}
	return false
}

func isFile(path string, id inode) bool {
	var st unix.Stat_t
	return unix.Stat(path, &st) == nil && inodeOf(&st) == id
}

// Cgroup finds the cgroup whose directory a fd of the caller is (bpfsys.World). Its id is the number of the inode.
func (c *call) Cgroup(fd int32) (uint64, abi.Errno) {
	handle, err := c.caller().openFD(fd, 0)
	if err != nil {
		return 0, abi.EBADF
	}
	defer unix.Close(handle)
	var st unix.Stat_t
	if kindOf(handle) != bpfsys.CgroupDir || unix.Fstat(handle, &st) != nil {
		return 0, abi.EBADF
	}
	if wasRemoved(handle) {
		return 0, abi.ENOENT
	}
	return st.Ino, abi.OK
}

// wasRemoved tells whether a cgroup is gone whose directory is still open: every one that is there has a list of processes.
func wasRemoved(dir int) bool {
	var st unix.Stat_t
	return unix.Fstatat(dir, "cgroup.procs", &st, 0) == unix.ENOENT
}

// Inode finds the file behind a fd of the caller, O_PATH or not (bpfsys.World). The objects that the memfds stand for all have the
// same inode on Linux.
func (c *call) Inode(fd int32) (maps.Owner, abi.Errno) {
	handle, err := c.caller().openFD(fd, 0)
	if err != nil {
		return maps.Owner{}, abi.EBADF
	}
	defer unix.Close(handle)
	var st unix.Statx_t
	if err := unix.Statx(handle, "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &st); err != nil {
		return maps.Owner{}, errnoOf(err)
	}
	dev := unix.Mkdev(st.Dev_major, st.Dev_minor)
	if c.object(inode{dev, st.Ino}) != nil {
		return maps.Owner{}, abi.OK
	}
	born := uint64(st.Btime.Sec)*1_000_000_000 + uint64(st.Btime.Nsec) // numbers of inodes come again
	return maps.Owner{ID: [3]uint64{dev, st.Ino, born}}, abi.OK
}

// Task finds the process of a pidfd of the caller (bpfsys.World).
func (c *call) Task(fd int32) (maps.Owner, abi.Errno) {
	if !c.caller().usable(fd) {
		return maps.Owner{}, abi.EBADF
	}
	_, text, ok := strings.Cut(string(c.caller().read("fdinfo/"+strconv.Itoa(int(fd)))), "\nPid:\t")
	if !ok {
		return maps.Owner{}, abi.EBADF
	}
	text, _, _ = strings.Cut(text, "\n")
	started, alive := startOf(text)
	if !alive {
		return maps.Owner{}, abi.ENOENT
	}
	pid, _ := strconv.ParseUint(text, 10, 32)
	gone := func() bool {
		now, alive := startOf(text)
		return !alive || now != started
	}
	return maps.Owner{ID: [3]uint64{pid, started}, Gone: gone}, abi.OK
}

// startOf is when a process was started, in clock ticks since boot; false when there is none any more.
func startOf(pid string) (uint64, bool) {
	const startField = 22 - 3 // proc_pid_stat(5), behind the command name
	stat := readAll(unix.AT_FDCWD, "/proc/"+pid+"/stat")
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) <= startField {
		return 0, false
	}
	n, err := strconv.ParseUint(fields[startField], 10, 64)
	return n, err == nil
}
