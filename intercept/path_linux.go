package intercept

import (
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// open returns an O_PATH handle of a path as the thread would resolve it, with its root, working directory and mounts.
// dir is a fd of the thread or bpfsys.AtCWD. An absolute link below a relative path is followed from this process's
// root.
func (th *thread) open(dir int32, path string) (int, error) {
	base, how := th.base(dir, path)
	start, err := unix.Openat(th.dir, base, openHandle|unix.O_DIRECTORY, 0)
	if err == unix.ENOENT && strings.HasPrefix(base, "fd/") {
		return -1, unix.EBADF
	}
	if err != nil {
		return -1, err
	}
	defer unix.Close(start)
	handle, err := unix.Openat2(start, path, &how)
	if err == unix.EXDEV {
		return unix.Openat(start, th.ownProc(path), openHandle, 0)
	}
	return handle, err
}

// ownProc names a path through a link of /proc, which openat2(2) refuses to follow inside a root, relative to the root
// and with the thread in the place of "self".
func (th *thread) ownProc(path string) string {
	path = strings.TrimLeft(path, "/")
	for _, self := range []string{"proc/self/", "proc/thread-self/"} {
		if rest, ok := strings.CutPrefix(path, self); ok {
			return "proc/" + strconv.Itoa(th.tid) + "/" + rest
		}
	}
	return path
}

// base names the directory to start from, below /proc/TID. Only absolute paths can be held inside the root: for a
// relative one that would make ".." stop at its start.
func (th *thread) base(dir int32, path string) (string, unix.OpenHow) {
	how := unix.OpenHow{Flags: openHandle}
	switch {
	case strings.HasPrefix(path, "/"):
		how.Resolve = unix.RESOLVE_IN_ROOT
		return "root", how
	case dir == bpfsys.AtCWD:
		return "cwd", how
	}
	return "fd/" + strconv.Itoa(int(dir)), how
}

// openParent opens the directory of a path and returns the last name, with the slashes that follow it.
func (th *thread) openParent(dir int32, path string) (parent int, name string, err error) {
	if path == "" {
		return -1, "", unix.ENOENT
	}
	cut := strings.LastIndexByte(strings.TrimRight(path, "/"), '/') + 1
	parentPath := path[:cut]
	if parentPath == "" {
		parentPath = "."
	}
	parent, err = th.open(dir, parentPath)
	return parent, path[cut:], err
}

// errnoOf is the number of an error of a system call.
func errnoOf(err error) abi.Errno {
	if errno, ok := err.(unix.Errno); ok {
		return abi.Errno(errno)
	}
	return abi.ENOMEM
}
