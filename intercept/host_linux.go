//go:build linux && (amd64 || arm64)

package intercept

import (
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// Kind is what an open fd of the caller refers to (bpfsys.Host).
func (c *call) Kind(fd int32) bpfsys.FileKind {
	if id, open := c.caller().stat(fd); open && id == c.bpffs.root {
		return bpfsys.BPFFSRoot
	}
	handle, err := c.caller().openFD(fd, 0)
	if err != nil {
		return bpfsys.OtherFile
	}
	defer unix.Close(handle)
	kind := kindOf(handle)
	if kind == bpfsys.NetNS && !c.caller().usable(fd) { // get_net_ns_by_fd, unlike cgroup_get_from_fd, takes no O_PATH fd
		return bpfsys.OtherFile
	}
	return kind
}

func kindOf(handle int) bpfsys.FileKind {
	var fs unix.Statfs_t
	var st unix.Stat_t
	if unix.Fstatfs(handle, &fs) != nil || unix.Fstat(handle, &st) != nil {
		return bpfsys.OtherFile
	}
	switch {
	case int64(fs.Type) == unix.CGROUP2_SUPER_MAGIC && st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return bpfsys.CgroupDir
	case int64(fs.Type) == unix.NSFS_MAGIC && isNetNS(handle):
		return bpfsys.NetNS
	}
	return bpfsys.OtherFile
}

// isNetNS reads the kind of a namespace from its link text (namespaces(7)).
func isNetNS(handle int) bool {
	text, err := readlinkat(unix.AT_FDCWD, self(handle))
	return err == nil && strings.HasPrefix(text, "net:[")
}

// TaskFD looks for a fd of any process (bpfsys.Host).
func (c *call) TaskFD(pid uint32, fd int32) (file *bpfsys.File, exists, open bool) {
	dir, err := unix.Open("/proc/"+strconv.FormatUint(uint64(pid), 10), openHandle|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, false, false
	}
	defer unix.Close(dir)
	name := "fd/" + strconv.Itoa(int(fd))
	var st unix.Stat_t
	if fd < 0 || unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return nil, true, false
	}
	if unix.Fstatat(dir, name, &st, 0) == nil {
		if o := c.object(inodeOf(&st)); o != nil {
			file = o.file
		}
	}
	return file, true, true
}

// Device looks for a network device of the caller's namespace (bpfsys.Host).
func (c *call) Device(index uint32) bool {
	if c.OwnNetNS() == netNSOf("/proc/self") {
		return hasDevice(index)
	}
	return deviceListed(c.procDir(), index)
}

// hasDevice looks for a network device of this process's.
func hasDevice(index uint32) bool {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		_, err := net.InterfaceByIndex(int(index))
		return err == nil
	}
	defer unix.Close(s)
	request, _ := unix.NewIfreq("")
	request.SetUint32(index)
	return unix.IoctlIfreq(s, unix.SIOCGIFNAME, request) == nil
}

// deviceListed looks for a device in the list of those that take part in multicasts, which all do that know IPv4 and which,
// unlike the others, tells of numbers.
func deviceListed(proc string, index uint32) bool {
	text, err := os.ReadFile(proc + "/net/igmp")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if number, _, ok := strings.Cut(line, "\t"); ok && number == strconv.FormatUint(uint64(index), 10) {
			return true
		}
	}
	return false
}

// procDir is the caller's directory in /proc.
func (c *call) procDir() string { return "/proc/" + strconv.Itoa(c.caller().tid) }

// OwnNetNS is the number of the caller's network namespace (bpfsys.Host).
func (c *call) OwnNetNS() uint64 { return netNSOf(c.procDir()) }

func netNSOf(proc string) uint64 {
	var st unix.Stat_t
	if unix.Stat(proc+"/ns/net", &st) != nil {
		return 0
	}
	return st.Ino
}

// NetNS is the number of the network namespace behind fd (bpfsys.Host).
func (c *call) NetNS(fd int32) uint64 {
	if c.Kind(fd) != bpfsys.NetNS {
		return 0
	}
	handle, err := c.caller().openFD(fd, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(handle)
	var st unix.Stat_t
	if unix.Fstat(handle, &st) != nil {
		return 0
	}
	return st.Ino
}

// CgroupLine follows the directories from a cgroup up to where its file system is mounted (bpfsys.Host). The number of a
// cgroup is that of its inode.
func (c *call) CgroupLine(fd int32) (ids []uint64) {
	if _, errno := c.Cgroup(fd); errno != abi.OK {
		return nil
	}
	handle, err := c.caller().openFD(fd, 0)
	if err != nil {
		return nil
	}
	for kindOf(handle) == bpfsys.CgroupDir {
		var st unix.Stat_t
		_ = unix.Fstat(handle, &st)
		if len(ids) > 0 && ids[len(ids)-1] == st.Ino {
			break
		}
		ids = append(ids, st.Ino)
		above, err := unix.Openat(handle, "..", openHandle|unix.O_DIRECTORY, 0)
		if err != nil {
			break
		}
		unix.Close(handle)
		handle = above
	}
	unix.Close(handle)
	return ids
}

// Tracepoint reports whether the kernel lists the function that calls what is at a tracepoint (bpfsys.Host).
func (c *call) Tracepoint(name string) bool {
	_, exists := symbols().functions["__traceiter_"+name]
	return exists
}

// Function is the address of a function of the kernel (bpfsys.Host), which only the privileged learn.
func (c *call) Function(name string) (uint64, bool) {
	addr, exists := symbols().functions[name]
	if !c.caps.SysAdmin {
		addr = 0
	}
	return addr, exists
}

// Executable finds a regular file as the caller sees it (bpfsys.Host).
func (c *call) Executable(path string) (string, abi.Errno) {
	handle, err := c.walk(unix.AT_FDCWD, path, true)
	if err != nil {
		return "", errnoOf(err)
	}
	defer unix.Close(handle)
	var st unix.Stat_t
	if err := unix.Fstat(handle, &st); err != nil {
		return "", errnoOf(err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return "", abi.EBADF
	}
	name, err := os.Readlink(self(handle))
	if err != nil {
		return "", errnoOf(err)
	}
	return name, abi.OK
}
