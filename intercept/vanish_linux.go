//go:build linux && (amd64 || arm64)

package intercept

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// CgroupGone looks for the directory of a cgroup where it was (bpfsys.Host). It is never gone where it cannot be seen from here.
func (c *call) CgroupGone(fd int32) func() bool {
	handle, err := c.caller().openFD(fd, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(handle)
	var st unix.Stat_t
	dir, err := os.Readlink(self(handle))
	if err != nil || unix.Fstat(handle, &st) != nil || !isFile(dir, inodeOf(&st)) {
		return nil
	}
	id := inodeOf(&st)
	return func() bool { return isOther(dir, id) }
}

// isOther tells that a path leads to no file, or to another one; not that it cannot be looked at.
func isOther(path string, id inode) bool {
	var st unix.Stat_t
	switch err := unix.Stat(path, &st); err {
	case nil:
		return inodeOf(&st) != id
	case unix.ENOENT, unix.ENOTDIR, unix.ENODEV:
		return true
	}
	return false
}

// DeviceGone asks about a network device again (bpfsys.Host): in another namespace by its name, too, since those without addresses are in no
// list of numbers.
func (c *call) DeviceGone(index uint32) func() bool {
	ns := c.OwnNetNS()
	if ns == netNSOf("/proc/self") {
		return func() bool { return !hasDevice(index) }
	}
	n := &netNS{ino: ns, task: c.procDir()}
	name := deviceName(c.procDir(), index)
	return func() bool {
		task := n.aTask()
		if task == "" {
			return n.gone()
		}
		return !deviceListed(task, index) && !deviceNamed(task, name)
	}
}

// deviceName is the name of a device in the list that deviceListed reads.
func deviceName(proc string, index uint32) string {
	text, _ := os.ReadFile(proc + "/net/igmp")
	for line := range strings.Lines(string(text)) {
		if number, rest, ok := strings.Cut(line, "\t"); ok && number == strconv.FormatUint(uint64(index), 10) {
			name, _, _ := strings.Cut(rest, " ")
			return name
		}
	}
	return ""
}

// deviceNamed looks for a name in the list of all devices.
func deviceNamed(proc, name string) bool {
	text, _ := os.ReadFile(proc + "/net/dev")
	for line := range strings.Lines(string(text)) {
		if listed, _, ok := strings.Cut(line, ":"); ok && name != "" && strings.TrimSpace(listed) == name {
			return true
		}
	}
	return false
}

// NetNSGone looks for somebody who has a network namespace (bpfsys.Host): a task, an fd or a mount. This process's own never goes.
func (c *call) NetNSGone(fd int32) func() bool {
	ns := c.NetNS(fd)
	if ns == 0 || ns == netNSOf("/proc/self") {
		return nil
	}
	return (&netNS{ino: ns, fd: c.caller().path() + "/fd/" + strconv.Itoa(int(fd))}).gone
}

// netNS is a network namespace other than this process's.
type netNS struct {
	ino  uint64
	mu   sync.Mutex
	task string // directory in /proc of a task that was in it
	fd   string // where an fd of it was
}

// aTask is a task that is in it, "" where none is to be seen.
func (n *netNS) aTask() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.task != "" && netNSOf(n.task) == n.ino {
		return n.task
	}
	for _, pattern := range []string{"/proc/[0-9]*", "/proc/[0-9]*/task/[0-9]*"} {
		tasks, _ := filepath.Glob(pattern)
		for _, task := range tasks {
			if netNSOf(task) == n.ino {
				n.task = task
				return task
			}
		}
	}
	return ""
}

// gone reports that nobody has it any more, as far as can be seen.
func (n *netNS) gone() bool {
	var st unix.Stat_t
	if unix.Stat("/proc/self/ns/net", &st) != nil {
		return false
	}
	id := inode{inodeOf(&st).dev, n.ino} // all namespaces are files of one file system
	return !isFile(n.fd, id) && n.aTask() == "" && !someoneHas(n.fd, id) && !isMounted(n.ino)
}

// isMounted looks for a namespace among the mounts of this process, where ip-netns(8) keeps them.
func isMounted(ino uint64) bool {
	text, err := os.ReadFile("/proc/self/mountinfo")
	return err != nil || strings.Contains(string(text), " net:["+strconv.FormatUint(ino, 10)+"] ")
}
