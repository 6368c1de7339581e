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
// up below one costs a third less than from the root.
type thread struct {
	tid    int
	dir    int           // /proc/TID
	fds    int           // /proc/TID/fd
	number func() string // its id in its own pid namespace
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
	return all.keep(openThread(tid))
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

// openThread leaves -1 for what cannot be opened; every use of it then fails with EBADF.
func openThread(tid int) *thread {
	th := &thread{tid: tid, dir: -1, fds: -1}
	th.number = sync.OnceValue(th.askNumber)
	if dir, err := unix.Open("/proc/"+strconv.Itoa(tid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
		th.dir = dir
	}
	if fds, err := unix.Openat(th.dir, "fd", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
		th.fds = fds
	}
	return th
}

func (th *thread) close() {
	unix.Close(th.fds)
	unix.Close(th.dir)
}

func (th *thread) alive() bool {
	var st unix.Stat_t
	return unix.Fstatat(th.dir, "fd", &st, unix.AT_SYMLINK_NOFOLLOW) == nil
}

// stat finds the file behind a fd; open is false when the thread has no such fd.
func (th *thread) stat(fd int32) (id inode, open bool) {
	if fd < 0 {
		return inode{}, false
	}
	var st unix.Stat_t
	if err := unix.Fstatat(th.fds, strconv.Itoa(int(fd)), &st, 0); err != nil {
		return inode{}, false
	}
	return inodeOf(&st), true
}

// openFD returns an O_PATH handle of the file behind a fd.
func (th *thread) openFD(fd int32) (int, error) {
	return unix.Openat(th.fds, strconv.Itoa(int(fd)), openHandle, 0)
}

// directory is the path of a directory that relative paths start from: a fd or AT_FDCWD.
func (th *thread) directory(dir int32) (string, error) {
	if dir == unix.AT_FDCWD {
		return readlinkat(th.dir, "cwd")
	}
	return readlinkat(th.fds, strconv.Itoa(int(dir)))
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
	err := unix.Fstatat(th.fds, strconv.Itoa(int(fd)), &st, unix.AT_SYMLINK_NOFOLLOW)
	return err == nil && st.Mode&(unix.S_IRUSR|unix.S_IWUSR) != 0
}

// read returns the text of a file in the thread's directory, empty when the thread is gone.
func (th *thread) read(name string) []byte { return readAll(th.dir, name) }

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

// status is a field of /proc/TID/status.
func (th *thread) status(field string) string {
	for line := range bytes.Lines(th.read("status")) {
		if text, ok := bytes.CutPrefix(line, []byte(field+":")); ok {
			return string(bytes.TrimSpace(text))
		}
	}
	return ""
}

// flags are the open flags of a fd, as open(2) has them.
func (th *thread) flags(fd int32) int {
	return int(fdinfoField(string(th.read("fdinfo/"+strconv.Itoa(int(fd)))), "flags", 8))
}

// self is this process as /proc names it.
func self(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }
