package intercept

import (
	"strings"

	"golang.org/x/sys/unix"
)

// walk follows a path as the thread would: from its root, its working directory or one of its fds, through its mounts,
// and with the thread in the place of "self" below /proc. The kernel walks only for the thread that asks: openat2(2)
// from here would keep a path inside another root, but refuses the links of /proc and answers EAGAIN while others
// rename.
type walk struct {
	th      *thread
	missing func(dir int, name string) error // what a name that is not there means; nil for ENOENT
	root    int                              // O_PATH, as all handles here
	at      int                              // where the walk has come to
	rest    string                           // what it has not yet followed
	links   int
}

// maxLinks is MAXSYMLINKS in the kernel's linux/namei.h.
const maxLinks = 40

// procRoot is the inode number of the root of a procfs (PROC_ROOT_INO in the kernel's linux/proc_ns.h).
const procRoot = 1

// open returns an O_PATH handle of a path. dir is a fd of the thread or bpfsys.AtCWD. A last link is followed on demand.
func (w *walk) open(dir int32, path string, follow bool) (int, error) {
	if path == "" {
		return -1, unix.ENOENT
	}
	var err error
	if w.root, err = w.th.openBelow("root"); err != nil {
		return -1, err
	}
	defer unix.Close(w.root)
	if w.at, err = w.start(dir, path); err != nil {
		return -1, err
	}
	for w.rest = strings.TrimLeft(path, "/"); w.rest != ""; {
		if err := w.step(follow); err != nil {
			unix.Close(w.at)
			return -1, err
		}
	}
	return w.at, nil
}

// start opens the directory that a path starts from.
func (w *walk) start(dir int32, path string) (int, error) {
	switch {
	case strings.HasPrefix(path, "/"):
		return w.dup(w.root)
	case dir == unix.AT_FDCWD:
		return w.th.openBelow("cwd")
	}
	start, err := w.th.openFD(dir, unix.O_DIRECTORY)
	if err == unix.ENOENT {
		err = unix.EBADF
	}
	return start, err
}

func (w *walk) dup(handle int) (int, error) {
	return unix.FcntlInt(uintptr(handle), unix.F_DUPFD_CLOEXEC, 0)
}

// step follows one name.
func (w *walk) step(follow bool) error {
	name, rest, more := strings.Cut(w.rest, "/")
	rest = strings.TrimLeft(rest, "/")
	if name == ".." && w.inRoot() {
		name = "."
	}
	next, err := unix.Openat(w.at, name, openHandle|unix.O_NOFOLLOW, 0)
	if err == unix.ENOENT && w.missing != nil {
		err = w.missing(w.at, name)
	}
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(next, &st); err != nil {
		unix.Close(next)
		return err
	}
	kind := st.Mode & unix.S_IFMT
	if kind == unix.S_IFLNK && (more || follow) {
		return w.link(next, name, rest, more)
	}
	if kind != unix.S_IFDIR && more {
		unix.Close(next)
		return unix.ENOTDIR
	}
	w.move(next, rest)
	return nil
}

func (w *walk) move(to int, rest string) {
	unix.Close(w.at)
	w.at, w.rest = to, rest
}

// inRoot reports whether ".." leads nowhere.
func (w *walk) inRoot() bool {
	var at, root unix.Stat_t
	return unix.Fstat(w.at, &at) == nil && unix.Fstat(w.root, &root) == nil && inodeOf(&at) == inodeOf(&root)
}

// link follows a symbolic link, which it closes. more tells whether a slash came behind its name.
func (w *walk) link(link int, name, rest string, more bool) error {
	defer unix.Close(link)
	if w.links++; w.links > maxLinks {
		return unix.ELOOP
	}
	if isProc(link) && !w.inProcRoot() {
		return w.magic(name, rest, more)
	}
	target, err := w.target(link, name)
	if err != nil {
		return err
	}
	if more {
		target += "/"
	}
	if strings.HasPrefix(target, "/") {
		root, err := w.dup(w.root)
		if err != nil {
			return err
		}
		w.move(root, "")
	}
	w.rest = strings.TrimLeft(target, "/") + rest
	return nil
}

// target is the text of a link, with the numbers of the thread in "self" and "thread-self" of a procfs.
func (w *walk) target(link int, name string) (string, error) {
	if isProc(link) && (name == "self" || name == "thread-self") {
		return w.th.number(), nil
	}
	return readlinkat(link, "")
}

// magic follows a link of a procfs that is more than its text, such as cwd or fd/N.
func (w *walk) magic(name, rest string, more bool) error {
	flags := openHandle
	if more {
		flags |= unix.O_DIRECTORY
	}
	next, err := unix.Openat(w.at, name, flags, 0)
	if err != nil {
		return err
	}
	w.move(next, rest)
	return nil
}

func (w *walk) inProcRoot() bool {
	var st unix.Stat_t
	return isProc(w.at) && unix.Fstat(w.at, &st) == nil && st.Ino == procRoot
}

func isProc(handle int) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(handle, &st) == nil && st.Type == unix.PROC_SUPER_MAGIC
}

// splitLast cuts the last name off a path, with the slashes that follow it.
func splitLast(path string) (parent, name string) {
	cut := strings.LastIndexByte(strings.TrimRight(path, "/"), '/') + 1
	if cut == 0 {
		return ".", path
	}
	return path[:cut], path[cut:]
}
