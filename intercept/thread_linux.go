package intercept

import (
	"bytes"
	"container/list"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// inode identifies a file on this host.
type inode struct{ dev, ino uint64 }

func inodeOf(st *unix.Stat_t) inode { return inode{st.Dev, st.Ino} }

// thread is a thread under the filter, seen through its directory in /proc. The directories stay open: looking a fd
// up below one costs a third less than from the root. Where this process has no fds left for them, paths do.
type thread struct {
	tid    int
	dir    int           // /proc/TID, -1 when not open
	fds    int           // /proc/TID/fd, likewise
	number func() string // its id in its own pid namespace
	leader func() int    // the id of its process
	users  int           // calls in progress that use it
	place  *list.Element
}

// threads are the threads that called lately.
type threads struct {
	mu   sync.Mutex
	max  int
	byID map[int]*thread
	idle list.List // those without users that are kept, the one used last in front
}

func newThreads(most int) *threads { return &threads{max: most, byID: map[int]*thread{}} }

// acquire returns the thread with that id until it is released. A thread that died is replaced: its id may have been
// given away again.
func (all *threads) acquire(tid int) *thread {
	th := all.take(tid)
	if th != nil && th.alive() {
		return th
	}
	if th != nil {
		all.forget(th)
	}
	th = openThread(tid, all.max > 0)
	if th.dir < 0 {
		th.users = 1
		return th
	}
	return all.keep(th)
}

// take finds a thread that called lately.
func (all *threads) take(tid int) *thread {
	all.mu.Lock()
	defer all.mu.Unlock()
	th := all.byID[tid]
	if th != nil {
		all.use(th)
	}
	return th
}

// keep makes th the one to be found, unless somebody else was faster.
func (all *threads) keep(th *thread) *thread {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.byID[th.tid] == nil {
		all.byID[th.tid] = th
	}
	all.use(th)
	return th
}

func (all *threads) use(th *thread) {
	th.users++
	if th.place != nil {
		all.idle.Remove(th.place)
		th.place = nil
	}
}

// forget releases a thread that is not to be found again.
func (all *threads) forget(th *thread) {
	all.mu.Lock()
	if all.byID[th.tid] == th {
		delete(all.byID, th.tid)
	}
	all.mu.Unlock()
	all.release(th)
}

// release ends a use. The thread is closed when it is not to be found again, and whoever was idle the longest when too
// many are kept.
func (all *threads) release(th *thread) {
	all.mu.Lock()
	defer all.mu.Unlock()
	th.users--
	switch {
	case th.users > 0:
	case all.byID[th.tid] != th:
		th.close()
	default:
		th.place = all.idle.PushFront(th)
		all.shrink(all.max)
	}
}

// shrink closes idle threads until at most most are left.
func (all *threads) shrink(most int) {
	for all.idle.Len() > most {
		th := all.idle.Remove(all.idle.Back()).(*thread)
		delete(all.byID, th.tid)
		th.close()
	}
}

func (all *threads) close() {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.shrink(0)
}

// openThread opens the directories of a thread if they shall be open and can be.
func openThread(tid int, open bool) *thread {
	th := &thread{tid: tid, dir: -1, fds: -1}
	th.number = sync.OnceValue(th.askNumber)
	th.leader = sync.OnceValue(th.askLeader)
	if !open {
		return th
	}
	if dir, err := unix.Open(th.path(), openHandle|unix.O_DIRECTORY, 0); err == nil {
		th.dir = dir
		if fds, err := unix.Openat(dir, "fd", openHandle|unix.O_DIRECTORY, 0); err == nil {
			th.fds = fds
		}
	}
	return th
}

func (th *thread) path() string { return "/proc/" + strconv.Itoa(th.tid) }

func (th *thread) close() {
	unix.Close(th.fds)
	unix.Close(th.dir)
}

func (th *thread) alive() bool {
	var st unix.Stat_t
	return unix.Fstatat(th.dir, "fd", &st, unix.AT_SYMLINK_NOFOLLOW) == nil
}

// below is where a name in the thread's directory is: a directory and a name from there.
func (th *thread) below(name string) (dir int, path string) {
	if th.dir < 0 {
		return unix.AT_FDCWD, th.path() + "/" + name
	}
	return th.dir, name
}

// openBelow returns a handle of a directory that a link in the thread's directory leads to.
func (th *thread) openBelow(link string) (int, error) {
	dir, path := th.below(link)
	return unix.Openat(dir, path, openHandle|unix.O_DIRECTORY, 0)
}

// onFD calls do with the place of the link that stands for a fd. That of a program that is not dumpable (prctl(2)) is
// hidden from its own user; the fd itself is to be had where this process may trace the program.
func (th *thread) onFD(fd int32, do func(dir int, name string) error) error {
	if fd < 0 {
		return unix.EBADF
	}
	dir, name := th.fds, strconv.Itoa(int(fd))
	if dir < 0 {
		dir, name = th.below("fd/" + name)
	}
	err := do(dir, name)
	if err != unix.EACCES {
		return err
	}
	borrowed, err := th.borrow(fd)
	if err != nil {
		return err
	}
	defer unix.Close(borrowed)
	return do(unix.AT_FDCWD, self(borrowed))
}

// pidfdThread is PIDFD_THREAD of the kernel's linux/pidfd.h.
const pidfdThread = unix.O_EXCL

// borrow duplicates a fd of the thread into this process.
func (th *thread) borrow(fd int32) (int, error) {
	pid, err := unix.PidfdOpen(th.tid, pidfdThread)
	if err == unix.EINVAL { // before Linux 6.9 a process could be opened, no thread
		leader, _ := strconv.Atoi(th.status("Tgid"))
		pid, err = unix.PidfdOpen(leader, 0)
	}
	if err != nil {
		return -1, err
	}
	defer unix.Close(pid)
	return unix.PidfdGetfd(pid, int(fd), 0)
}

// stat finds the file behind a fd; open is false when the thread has no such fd.
func (th *thread) stat(fd int32) (id inode, open bool) {
	var st unix.Stat_t
	err := th.onFD(fd, func(dir int, name string) error { return unix.Fstatat(dir, name, &st, 0) })
	return inodeOf(&st), err == nil
}

// openFD returns an O_PATH handle of the file behind a fd.
func (th *thread) openFD(fd int32, flags int) (handle int, err error) {
	err = th.onFD(fd, func(dir int, name string) (err error) {
		handle, err = unix.Openat(dir, name, openHandle|flags, 0)
		return err
	})
	return handle, err
}

// directory is the path of a directory that relative paths start from: a fd or AT_FDCWD.
func (th *thread) directory(at int32) (text string, err error) {
	if at == unix.AT_FDCWD {
		return readlinkat(th.below("cwd"))
	}
	err = th.onFD(at, func(dir int, name string) (err error) {
		text, err = readlinkat(dir, name)
		return err
	})
	return text, err
}

func readlinkat(dir int, name string) (string, error) {
	var buf [unix.PathMax]byte
	n, err := unix.Readlinkat(dir, name, buf[:])
	return string(buf[:max(n, 0)]), err
}

// usable is false for an O_PATH fd, which fget in the kernel treats as not open: proc(5) sets the permission bits of a
// fd's link by its open mode.
func (th *thread) usable(fd int32) bool {
	var st unix.Stat_t
	err := th.onFD(fd, func(dir int, name string) error { return unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return err == nil && st.Mode&(unix.S_IRUSR|unix.S_IWUSR) != 0
}

// read returns the text of a file in the thread's directory, empty when the thread is gone.
func (th *thread) read(name string) []byte { return readAll(th.below(name)) }

// readAll returns the text of a file below dir, as far as it can be read.
func readAll(dir int, name string) []byte {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	var text []byte
	var buf [4096]byte
	for {
		n, err := unix.Read(fd, buf[:])
		if err != nil || n <= 0 {
			return text
		}
		text = append(text, buf[:n]...)
	}
}

// processorField is the place of "processor" behind the command name in /proc/PID/stat (proc_pid_stat(5): field 39,
// the name is field 2).
const processorField = 39 - 3

// cpu is the CPU that the thread last ran on.
func (th *thread) cpu() int {
	stat := th.read("stat")
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= processorField {
		return 0
	}
	n, _ := strconv.Atoi(string(fields[processorField]))
	return n
}

// umask is the thread's file mode creation mask.
func (th *thread) umask() uint32 {
	mask, _ := strconv.ParseUint(th.status("Umask"), 8, 32)
	return uint32(mask)
}

// askNumber asks for the thread's id in its own pid namespace, the innermost, which its procfs most likely shows.
func (th *thread) askNumber() string {
	ids := strings.Fields(th.status("NSpid"))
	if len(ids) == 0 {
		return strconv.Itoa(th.tid)
	}
	return ids[len(ids)-1]
}

// askLeader asks for the id of the thread's process.
func (th *thread) askLeader() int {
	id, err := strconv.Atoi(th.status("Tgid"))
	if err != nil {
		return th.tid
	}
	return id
}

// status is a field of /proc/TID/status.
func (th *thread) status(field string) string {
	for line := range bytes.Lines(th.read("status")) {
		if text, ok := bytes.CutPrefix(line, []byte(field+":")); ok {
			return string(bytes.TrimSpace(text))
		}
	}
	return ""
}

// flags are the open flags of a fd, as open(2) has them; of a map's fd for neither reading nor writing where they cannot
// be learned.
func (th *thread) flags(fd int32) int {
	text := string(th.read("fdinfo/" + strconv.Itoa(int(fd))))
	if text == "" {
		return unix.O_ACCMODE | unix.O_CLOEXEC
	}
	return int(fdinfoField(text, "flags", 8))
}

// self is this process as /proc names it.
func self(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }
