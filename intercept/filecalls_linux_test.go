//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// mountTables finds the bpffs in every table of mounts.
func mountTables(c client) {
	dir, pid := os.Getenv("BPFSIM_BPFFS"), strconv.Itoa(os.Getpid())
	var st unix.Stat_t
	require.NoError(c, unix.Stat(dir, &st))
	for _, who := range []string{"self/", "thread-self/", pid + "/", "self/task/" + pid + "/", "/../proc/self/", ""} {
		line := c.tableLine("/proc/"+who+"mounts", "bpffs "+dir+" bpf ")
		require.Regexp(c, `^rw,(nosuid,nodev,noexec,)?relatime 0 0$`, line)
		if who == "" {
			continue
		}
		line = c.tableLine("/proc/"+who+"mountinfo", device(&st)+" / "+dir+" ")
		require.Regexp(c, `^rw,(nosuid,nodev,noexec,)?relatime - bpf bpffs rw$`, line)
	}
	require.Empty(c, c.tableLine("/proc/"+pid+"/mountstats", "device bpffs mounted on "+dir+" with fstype bpf"))
	c.tableLine("/etc/mtab", "bpffs "+dir+" bpf ")
	require.NoError(c, os.Chdir("/proc/self"))
	c.tableLine("mounts", "bpffs "+dir+" bpf ")
	c.tableLine("../mounts", "bpffs "+dir+" bpf ")
	c.mountinfo(dir, &st)
}

// device is how mountinfo writes a file's device.
func device(st *unix.Stat_t) string {
	return fmt.Sprintf("%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev))
}

// tableLine returns what follows part in the last line of a file that has it.
func (c client) tableLine(path, part string) string {
	text, err := os.ReadFile(path)
	require.NoError(c, err)
	at := strings.LastIndex(string(text), part)
	require.GreaterOrEqual(c, at, 0, "%s in %s:\n%s", part, path, text)
	line, _, _ := strings.Cut(string(text[at+len(part):]), "\n")
	return line
}

// mountinfo holds the numbers of the line: an id of its own, the parent that is there.
func (c client) mountinfo(dir string, st *unix.Stat_t) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(c, err)
	seen, parent := map[string]bool{}, ""
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		require.False(c, seen[f[0]], line)
		seen[f[0]] = true
		if f[4] == dir && f[2] == device(st) {
			parent = f[1]
		}
	}
	require.True(c, seen[parent], string(text))
}

// fdFiles finds a map's fdinfo and link text by every name that they have.
func fdFiles(c client) {
	fd := strconv.Itoa(c.create(abi.Hash, 4, 10))
	infos, err := unix.Open("/proc/self/fdinfo", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	require.NoError(c, err)
	links, err := unix.Open("/proc/self/fd", unix.O_PATH, 0)
	require.NoError(c, err)
	for _, prefix := range []string{"/proc/self/", "//proc//self/./", "/proc/self/../thread-self/", "/../proc/self/task/../", "/proc/self/root/proc/self/"} {
		c.isMapInfo(unix.Open(prefix+"fdinfo/"+fd, unix.O_RDONLY, 0))
		c.isMapLink(unix.AT_FDCWD, prefix+"fd/"+fd)
	}
	c.isMapInfo(unix.Openat(infos, fd, unix.O_RDONLY, 0))
	c.isMapInfo(unix.Openat(infos, "../fdinfo/"+fd, unix.O_RDONLY, 0))
	c.isMapInfo(unix.Openat2(infos, fd, &unix.OpenHow{}))
	c.isMapInfo(unix.Openat2(unix.AT_FDCWD, "/proc/self/fdinfo/"+fd, &unix.OpenHow{Flags: unix.O_CLOEXEC}))
	c.isMapLink(links, fd)
	require.NoError(c, os.Chdir("/proc/self/fdinfo"))
	c.isMapInfo(unix.Open(fd, unix.O_RDONLY, 0))
	c.isMapInfo(unix.Open("./"+fd, unix.O_RDONLY, 0))
	c.isMapLink(unix.AT_FDCWD, "../fd/"+fd)
	c.isMapLink(unix.AT_FDCWD, "/dev/fd/"+fd)
}

func (c client) isMapInfo(fd int, err error) {
	require.NoError(c, err)
	defer c.close(fd)
	var text [4096]byte
	n, err := unix.Read(fd, text[:])
	require.NoError(c, err)
	require.Contains(c, string(text[:n]), "flags:\t02000002\n")
	require.Contains(c, string(text[:n]), "map_type:\t1\n")
}

func (c client) isMapLink(dir int, path string) {
	var text [64]byte
	n, err := unix.Readlinkat(dir, path, text[:])
	require.NoError(c, err)
	require.Equal(c, "anon_inode:bpf-map", string(text[:n]))
	n, err = unix.Readlinkat(dir, path, text[:4])
	require.NoError(c, err)
	require.Equal(c, "anon", string(text[:n]))
}

// pathHandles uses O_PATH fds, which are not open to most calls.
func pathHandles(c client) {
	fd := c.create(abi.Hash, 4, 1)
	require.Equal(c, unix.Errno(0), c.pin(fd, c.fs("a")))
	ofMap, plain := c.at("/proc/self/fd/"+strconv.Itoa(fd)), c.at("/dev/null")
	c.notOpen(ofMap)
	info, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(int(ofMap)))
	require.NoError(c, err)
	require.NotContains(c, string(info), "map_")
	c.notOpen(plain)
	ofPin := c.at(c.fs("a"))
	c.notOpen(ofPin)
	c.close(int(ofPin))
	require.Equal(c, unix.ENOTDIR, c.getAt(ofMap, "x"))
	require.Equal(c, unix.ENOTDIR, c.getAt(int32(fd), "x"))
	require.Equal(c, unix.ENOTDIR, c.getAt(plain, "x"))
	require.Equal(c, unix.EBADF, c.getAt(9999, "x"))
	require.Equal(c, unix.Errno(0), c.getAt(plain, c.fs("a")))
	require.NoError(c, os.Remove(c.fs("a")))
	id := c.id(fd)
	c.close(fd)
	require.False(c, c.live(id))
	c.notOpen(ofMap)
}

func (c client) notOpen(fd int32) {
	require.Equal(c, unix.EBADF, c.update(int(fd), 1, 1))
	_, errno := bpf(bpfsys.ObjGetInfoByFD{FD: fd})
	require.Equal(c, unix.EBADFD, errno)
	require.Equal(c, unix.EINVAL, c.pin(int(fd), c.fs("new")))
}

// fileCalls looks at map fds as clients do.
func fileCalls(c client) {
	fd := c.create(abi.Hash, 4, 10)
	self := fmt.Sprint(os.Getpid())
	for _, who := range []string{"self", "thread-self", self, "self/task/" + self} {
		c.looksLikeMap("/proc/"+who, fd)
	}
	plain, err := os.Open("/dev/null")
	require.NoError(c, err)
	link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", plain.Fd()))
	require.NoError(c, err)
	require.Equal(c, "/dev/null", link)
	c.looksLikeBPFFS(os.Getenv("BPFSIM_BPFFS"))
}

func (c client) looksLikeMap(proc string, fd int) {
	link, err := os.Readlink(fmt.Sprintf("%s/fd/%d", proc, fd))
	require.NoError(c, err)
	require.Equal(c, "anon_inode:bpf-map", link)
	text, err := os.ReadFile(fmt.Sprintf("%s/fdinfo/%d", proc, fd))
	require.NoError(c, err)
	for _, line := range []string{"pos:\t0\n", "flags:\t02000002\n", "map_type:\t1\n", "key_size:\t4\n", "frozen:\t0\n"} {
		require.Contains(c, string(text), line)
	}
	require.Equal(c, 4+9, strings.Count(string(text), "\n"), string(text))
}

func (c client) looksLikeBPFFS(dir string) {
	var st unix.Statfs_t
	require.NoError(c, unix.Statfs(dir, &st))
	require.EqualValues(c, unix.BPF_FS_MAGIC, st.Type)
	root, err := os.Open(dir)
	require.NoError(c, err)
	st = unix.Statfs_t{}
	require.NoError(c, unix.Fstatfs(int(root.Fd()), &st))
	require.EqualValues(c, unix.BPF_FS_MAGIC, st.Type)
	require.NoError(c, unix.Statfs("/proc", &st))
	require.EqualValues(c, unix.PROC_SUPER_MAGIC, st.Type)
}
