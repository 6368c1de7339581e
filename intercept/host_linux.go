//go:build linux && (amd64 || arm64)

package intercept

import (
	"net"
	"strconv"
	"strings"

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
func (c *call) TaskFD(pid uint32, fd int32) (exists, open bool) {
	dir, err := unix.Open("/proc/"+strconv.FormatUint(uint64(pid), 10), openHandle|unix.O_DIRECTORY, 0)
	if err != nil {
		return false, false
	}
	defer unix.Close(dir)
	var st unix.Stat_t
	return true, fd >= 0 && unix.Fstatat(dir, "fd/"+strconv.Itoa(int(fd)), &st, unix.AT_SYMLINK_NOFOLLOW) == nil
}

// Device looks for a network device of this process's (bpfsys.Host).
func (c *call) Device(index uint32) bool { return hasDevice(index) }

func hasDevice(index uint32) bool {
	_, err := net.InterfaceByIndex(int(index))
	return err == nil
}
