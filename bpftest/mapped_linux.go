package bpftest

import (
	"bytes"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// objectFile begins the name that Linux gives an object's file (package intercept).
const objectFile = "/memfd:bpf-map"

// collectMapped has the garbage collector find memory of maps that nobody uses any more: clients unmap it only then. The collector closes
// forgotten fds, too, which are leaks that shall not go unseen: what is open now stays so until release is called. mapped is false where no
// memory is mapped.
func collectMapped() (release func(), mapped bool) {
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil || !bytes.Contains(text, []byte(objectFile)) {
		return nil, false
	}
	held := holdObjects()
	runCleanups()
	return func() {
		for _, fd := range held {
			unix.Close(fd)
		}
	}, true
}

// onlyMapped tells of an array whose memory this process still has mapped, and no fd: there is nothing left that a test could close. inProcess tells that the
// kernel's own fd and mapping are among this process's.
func (f memoryFile) onlyMapped(inProcess bool) bool {
	if f.Inode == 0 {
		return false
	}
	kernels := 0
	if inProcess {
		kernels = 1
	}
	return f.mappings() > kernels && !f.isOpen(func(fd int) bool { return inProcess && fd == f.FD })
}

// mappings is how often this process has the file mapped.
func (f memoryFile) mappings() (n int) {
	text, _ := os.ReadFile("/proc/self/maps")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 5 && fields[5] == objectFile && fields[4] == strconv.FormatUint(f.Inode, 10) {
			n++
		}
	}
	return n
}

// isOpen tells that this process has a fd of the file, but for some.
func (f memoryFile) isOpen(except func(fd int) bool) bool {
	entries, _ := os.ReadDir("/proc/self/fd")
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		var st unix.Stat_t
		fd, _ := strconv.Atoi(e.Name())
		return unix.Fstat(fd, &st) == nil && st.Ino == f.Inode && !except(fd)
	})
}

// holdObjects opens each fd of an object a second time.
func holdObjects() (seconds []int) {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		name, _ := os.Readlink("/proc/self/fd/" + e.Name())
		if !strings.HasPrefix(name, objectFile) && !strings.HasPrefix(name, "anon_inode:bpf") { // which bpfsim answers behind a filter
			continue
		}
		fd, _ := strconv.Atoi(e.Name())
		if second, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0); err == nil {
			seconds = append(seconds, second)
		}
	}
	return seconds
}

// runCleanups collects garbage and waits, but not for ever, for the cleanups of what was found.
func runCleanups() {
	var ran atomic.Bool
	runtime.AddCleanup(new([64]byte), func(ran *atomic.Bool) { ran.Store(true) }, &ran)
	runtime.GC()
	for range 10000 {
		if ran.Load() {
			return
		}
		runtime.Gosched()
	}
}
