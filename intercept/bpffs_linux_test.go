//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// files are what a program can do with a bpffs and with the files by which it recognises BPF objects. Each must find
// the same on bpfsim and on Linux.
var files = map[string]func(client){
	"pinPaths": pinPaths, "pinLinks": pinLinks, "pinRaces": pinRaces, "pinHandles": pinHandles, "pinFiles": pinFiles,
	"nodes": nodes, "attributes": attributes, "mountTables": mountTables, "fdFiles": fdFiles, "pathHandles": pathHandles,
	"bindMount": bindMount, "pinData": pinData, "hostQueries": hostQueries, "iterators": iterators, "narrowedIterators": narrowedIterators,
}

// needMount are the scenarios that only hold where the bpffs is a mount of its own.
var needMount = map[string]bool{"bindMount": true, "pinData": true}

func TestFilesHere(t *testing.T) {
	for name := range files {
		t.Run(name, func(t *testing.T) {
			if name == "bindMount" && os.Geteuid() != 0 {
				t.Skip("only root may mount")
			}
			runScenario(t, name, withTypes())
		})
	}
}

func TestFilesInDirectory(t *testing.T) {
	for name := range files {
		if needMount[name] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			o := withTypes()
			o.BPFFS = t.TempDir()
			runScenario(t, name, o)
		})
	}
}

// nativeVar is the scenario that "native" runs.
const nativeVar = "BPFSIM_TEST_NATIVE"

func TestFilesOnLinux(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the comparison with Linux needs root")
	}
	for name := range files {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(os.Environ(), scenarioVar+"=native", nativeVar+"="+name, "BPFSIM_BPFFS=/sys/fs/bpf")
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
			out, err := cmd.CombinedOutput()
			if strings.HasPrefix(string(out), noBPFFS) {
				t.Skip(string(out))
			}
			require.NoError(t, err, string(out))
		})
	}
}

// noBPFFS is what native prints where it cannot run.
const noBPFFS = "no bpffs here: "

// native runs a scenario on the kernel, in a mount namespace of its own.
func native(c client) {
	require.NoError(c, unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""))
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_RELATIME)
	if err := unix.Mount("bpffs", "/sys/fs/bpf", "bpf", flags, ""); err != nil {
		os.Stdout.WriteString(noBPFFS + err.Error())
		return
	}
	if _, errno := bpf(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1}); errno != 0 {
		os.Stdout.WriteString(noBPFFS + errno.Error())
		return
	}
	files[os.Getenv(nativeVar)](c)
}

// fs is the bpffs.
func (c client) fs(name string) string { return filepath.Join(os.Getenv("BPFSIM_BPFFS"), name) }

// pinned makes a map that only its pin keeps, and returns its id.
func (c client) pinned(path string) uint32 {
	fd := c.create(abi.Hash, 4, 1)
	defer c.close(fd)
	require.Equal(c, unix.Errno(0), c.pin(fd, path))
	return c.id(fd)
}

// id asks for a map's id.
func (c client) id(fd int) uint32 {
	var info [8]uint32
	c.check(bpf(bpfsys.ObjGetInfoByFD{FD: int32(fd), InfoLen: 32, Info: addr(&info)}))
	return info[1]
}

// outside is a path that is not on the bpffs, and a function that removes what is there.
func (c client) outside() (string, func()) {
	dir, err := os.MkdirTemp("", "bpfsim-test-")
	require.NoError(c, err)
	return filepath.Join(dir, "file"), func() { _ = os.RemoveAll(dir) }
}

// errnoAt is what OBJ_GET of a path answers.
func (c client) errnoAt(path string) unix.Errno {
	fd, errno := c.get(path, 0)
	if errno == 0 {
		c.close(fd)
	}
	return errno
}

// live reports whether a map has not been freed.
func (c client) live(id uint32) bool {
	fd, errno := bpf(bpfsys.MapGetFDByID{ID: id})
	if errno == 0 {
		c.close(fd)
	}
	return errno == 0
}

// at opens a directory as path_fd.
func (c client) at(dir string) int32 {
	fd, err := unix.Open(dir, unix.O_PATH, 0)
	require.NoError(c, err)
	return int32(fd)
}

func (c client) getAt(dir int32, path string) unix.Errno {
	name := pathname(path)
	fd, errno := bpf(bpfsys.ObjGet{Pathname: addr(name), PathFD: dir, Flags: abi.FlagPathFD})
	runtime.KeepAlive(name)
	if errno == 0 {
		c.close(fd)
	}
	return errno
}

func pinPaths(c client) {
	c.pinned(c.fs("a"))
	require.NoError(c, os.Mkdir(c.fs("d"), 0o700))
	fd := c.create(abi.Hash, 4, 1)
	for path, want := range map[string]unix.Errno{
		"/.": unix.EEXIST, "/./": unix.EEXIST, "/d/../": unix.EEXIST, "/d/..": unix.EEXIST, "/a/": unix.EEXIST, "/a": unix.EEXIST,
		"/x.y": unix.EPERM, "/x.y/": unix.EPERM, "/.x": unix.EPERM, "/..x": unix.EPERM, "/x.y/z": unix.EPERM,
		"/new/": unix.ENOENT, "/no/x": unix.ENOENT, "/a/x": unix.ENOTDIR, "//d//../d/./b": 0,
	} {
		require.Equal(c, want, c.pin(fd, os.Getenv("BPFSIM_BPFFS")+path), path)
	}
	for path, want := range map[string]unix.Errno{
		"/x.y": unix.EPERM, "/d/x.y": unix.EPERM, "/x.y/z": unix.EPERM, "/no": unix.ENOENT, "/a/": unix.ENOTDIR, "/a/x": unix.ENOTDIR,
		"/d": unix.EACCES, "/d/b": 0, "/d/../a": 0, "/../../../../../../..": unix.EACCES,
	} {
		require.Equal(c, want, c.errnoAt(os.Getenv("BPFSIM_BPFFS")+path), path)
	}
}

func pinLinks(c client) {
	c.pinned(c.fs("a"))
	require.NoError(c, os.Mkdir(c.fs("d"), 0o700))
	require.NoError(c, os.Symlink("../a", c.fs("d/up")))
	require.NoError(c, os.Symlink(c.fs("a"), c.fs("d/absolute")))
	require.NoError(c, os.Symlink(c.fs("d")+"/", c.fs("dir")))
	require.NoError(c, os.Symlink("loop", c.fs("loop")))
	dir := c.at(c.fs("d"))
	require.NoError(c, os.Chdir(c.fs("d")))
	for path, want := range map[string]unix.Errno{
		"up": 0, "absolute": 0, "../dir/up": 0, "../dir/../a": 0, "../dir": unix.EACCES, "../loop": unix.ELOOP,
		"../loop/x": unix.ELOOP, "up/": unix.ENOTDIR,
	} {
		require.Equal(c, want, c.errnoAt(path), path)
		require.Equal(c, want, c.getAt(dir, path), path)
		require.Equal(c, want, c.errnoAt(c.fs("d")+"/"+path), path)
		require.Equal(c, want, c.errnoAt("/proc/self/cwd/"+path), path)
		require.Equal(c, want, c.errnoAt("/proc/self/../thread-self/fd/"+strconv.Itoa(int(dir))+"/"+path), path)
	}
	c.chain(40)
	fd := c.create(abi.Hash, 4, 1)
	require.Equal(c, unix.Errno(0), c.pin(fd, "../dir/new"))
	require.Equal(c, unix.EEXIST, c.pin(fd, "../loop"))
	outside, clean := c.outside()
	require.NoError(c, os.Symlink(c.fs("d"), outside))
	require.Equal(c, unix.Errno(0), c.errnoAt(outside+"/new"))
	require.Equal(c, unix.EEXIST, c.pin(fd, outside))
	require.Equal(c, unix.EPERM, c.pin(fd, outside+"x"))
	clean()                           // before it is out of reach
	if unix.Chroot(c.fs("")) == nil { // root: the links are followed from its own root
		require.Equal(c, unix.ENOENT, c.errnoAt("/d/absolute"))
		require.NoError(c, os.Symlink("/a", "/d/here"))
		require.Equal(c, unix.Errno(0), c.errnoAt("/d/here"))
		require.Equal(c, unix.Errno(0), c.errnoAt("here"))
		require.Equal(c, unix.Errno(0), c.errnoAt("/../../a"))
		require.Equal(c, unix.Errno(0), c.errnoAt("../../../a"))
	}
}

// chain follows as many links as Linux does, and one more.
func (c client) chain(most int) {
	last := "a"
	for i := range most {
		next := "link" + strconv.Itoa(i)
		require.NoError(c, os.Symlink(last, c.fs(next)))
		last = next
	}
	require.Equal(c, unix.Errno(0), c.errnoAt(c.fs(last)))
	require.NoError(c, os.Symlink(last, c.fs("more")))
	require.Equal(c, unix.ELOOP, c.errnoAt(c.fs("more")))
}

// pinRaces names a pin by ".." while others rename, which makes openat2(2) give up with EAGAIN.
func pinRaces(c client) {
	c.pinned(c.fs("a"))
	require.NoError(c, os.Mkdir(c.fs("d"), 0o700))
	require.NoError(c, os.Mkdir(c.fs("x"), 0o700))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.Rename(c.fs("x"), c.fs("y"))
				_ = os.Rename(c.fs("y"), c.fs("x"))
			}
		}
	}()
	for range 1000 {
		require.Equal(c, unix.Errno(0), c.errnoAt(c.fs("d")+"/../d/../a"))
	}
	close(stop)
	<-done
}

// pinHandles: an O_PATH fd keeps the file of a pin, and so the map.
func pinHandles(c client) {
	id := c.pinned(c.fs("a"))
	require.NoError(c, os.Link(c.fs("a"), c.fs("b")))
	handle := c.at(c.fs("a"))
	require.NoError(c, os.Remove(c.fs("a")))
	require.True(c, c.live(id))
	require.NoError(c, os.Remove(c.fs("b")))
	c.close(int(handle))
	require.False(c, c.live(id))

	id = c.pinned(c.fs("a"))
	handle = c.at(c.fs("a"))
	require.NoError(c, os.Remove(c.fs("a")))
	require.True(c, c.live(id), "an O_PATH fd")
	require.Equal(c, unix.Errno(0), c.errnoAt("/proc/self/fd/"+strconv.Itoa(int(handle))))
	require.Equal(c, unix.ENOTDIR, c.errnoAt("/proc/self/fd/"+strconv.Itoa(int(handle))+"/"))
	c.close(int(handle))
	require.False(c, c.live(id), "closed")

	id, other := c.pinned(c.fs("a")), c.pinned(c.fs("b"))
	require.NoError(c, os.Rename(c.fs("a"), c.fs("b")))
	require.True(c, c.live(id))
	require.False(c, c.live(other), "renamed over")
}

// pinFiles looks at a pin as at any file.
func pinFiles(c client) {
	unix.Umask(0o477)
	c.pinned(c.fs("masked"))
	info, err := os.Lstat(c.fs("masked"))
	require.NoError(c, err)
	require.Equal(c, os.FileMode(0o200), info.Mode())
	unix.Umask(0o027)
	c.pinned(c.fs("a"))
	info, err = os.Lstat(c.fs("a"))
	require.NoError(c, err)
	require.Equal(c, os.FileMode(0o600), info.Mode())
	require.Zero(c, info.Size())
	st := info.Sys().(*syscall.Stat_t)
	require.EqualValues(c, 1, st.Nlink)
	require.Zero(c, st.Blocks)
	require.NoError(c, os.Symlink("a", c.fs("link")))
	long := c.fs("") + strings.Repeat("/.", 500) + "/a"
	for _, path := range []string{c.fs("a"), c.fs("link"), c.fs("") + "/./a", long} {
		_, err = os.ReadFile(path)
		require.ErrorIs(c, err, unix.EIO, path)
	}
	require.NoError(c, os.Chdir(c.fs("")))
	_, err = os.ReadFile("a")
	require.ErrorIs(c, err, unix.EIO)
	_, err = os.ReadFile(c.fs("x.y"))
	require.ErrorIs(c, err, unix.EPERM)
	_, err = unix.Openat2(unix.AT_FDCWD, c.fs("a"), &unix.OpenHow{})
	require.Equal(c, unix.EIO, err)
	_, err = unix.Openat2(unix.AT_FDCWD, c.fs("a"), &unix.OpenHow{Resolve: unix.RESOLVE_IN_ROOT})
	require.Equal(c, unix.ENOENT, err, "another place")
	_, err = unix.Openat2(unix.AT_FDCWD, c.fs("a"), &unix.OpenHow{Resolve: unix.RESOLVE_BENEATH})
	require.Equal(c, unix.EXDEV, err)
	require.NoError(c, os.Chmod("a", 0o640))
	require.Equal(c, unix.Errno(0), c.errnoAt("a"))
}

// pinData: no file on a bpffs takes data. Where it differs, Linux refuses the open: EIO for a pin, EACCES for a new file.
func pinData(c client) {
	c.pinned(c.fs("a"))
	for _, path := range []string{c.fs("a"), c.fs("new")} {
		require.Error(c, os.WriteFile(path, []byte("text"), 0o600), path)
	}
	for i := range 100 {
		require.NoError(c, os.Mkdir(c.fs("d")+strconv.Itoa(i), 0o700))
		require.NoError(c, os.Symlink(strings.Repeat("x", 100), c.fs("l")+strconv.Itoa(i)))
		c.pinned(c.fs("p") + strconv.Itoa(i))
	}
}

// nodes makes names with other calls than OBJ_PIN.
func nodes(c client) {
	c.pinned(c.fs("a"))
	outside, clean := c.outside()
	defer clean()
	require.NoError(c, os.WriteFile(outside, nil, 0o600))
	require.NoError(c, os.Mkdir(c.fs("d"), 0o700))
	dir := int(c.at(c.fs("d")))
	require.NoError(c, os.Chdir(c.fs("d")))
	for name, makes := range map[string]func(string) error{
		"mkdir":     func(p string) error { return unix.Mkdir(p, 0o700) },
		"mkdirat":   func(p string) error { return unix.Mkdirat(dir, p, 0o700) },
		"symlink":   func(p string) error { return unix.Symlink("a", p) },
		"symlinkat": func(p string) error { return unix.Symlinkat("a", dir, p) },
		"link":      func(p string) error { return unix.Link("../a", p) },
		"linkat":    func(p string) error { return unix.Linkat(dir, "../a", dir, p, 0) },
		"rename":    func(p string) error { return unix.Rename("../a", p) },
		"renameat":  func(p string) error { return unix.Renameat(dir, "../a", dir, p) },
		"renameat2": func(p string) error { return unix.Renameat2(dir, "../a", dir, p, unix.RENAME_NOREPLACE) },
		"mknod":     func(p string) error { return unix.Mknod(p, unix.S_IFIFO|0o600, 0) },
	} {
		for _, p := range []string{"x.y", c.fs("x.y"), c.fs("d/.x"), "../..x"} {
			require.Equal(c, unix.EPERM, makes(p), "%s %s", name, p)
		}
		require.Equal(c, unix.ENOENT, makes("no/x"), name)
	}
	require.Equal(c, unix.EPERM, unix.Mknod(c.fs("new"), unix.S_IFIFO|0o600, 0))
	require.Equal(c, unix.EPERM, unix.Mknodat(dir, "new", unix.S_IFSOCK|0o600, 0))
	require.Equal(c, unix.EACCES, unix.Mknod(c.fs("new"), unix.S_IFREG|0o600, 0))
	require.Equal(c, unix.EACCES, unix.Mknod(c.fs("new"), 0o600, 0))
	require.Equal(c, unix.EEXIST, unix.Mknod(c.fs("a"), unix.S_IFREG|0o600, 0))
	require.Equal(c, unix.EXDEV, unix.Rename(outside, c.fs("b")))
	require.Equal(c, unix.EXDEV, unix.Rename(c.fs("a"), outside))
	require.Equal(c, unix.EXDEV, unix.Rename("../a", outside))
	require.Equal(c, unix.EXDEV, unix.Link(outside, c.fs("b")))
	require.Equal(c, unix.EXDEV, unix.Link(c.fs("a"), outside+"x"))
	require.Equal(c, unix.Errno(0), c.errnoAt(c.fs("a")))
	require.NoError(c, unix.Rename(outside, outside+"a.b"))
	require.NoError(c, unix.Rename(outside+"a.b", outside))
}

func attributes(c client) {
	c.pinned(c.fs("a"))
	require.Equal(c, unix.EOPNOTSUPP, unix.Setxattr(c.fs("a"), "user.x", []byte("1"), 0))
	require.Equal(c, unix.EOPNOTSUPP, unix.Lsetxattr(c.fs("a"), "user.x", []byte("1"), 0))
	require.NoError(c, os.Chdir(c.fs("")))
	require.Equal(c, unix.EOPNOTSUPP, unix.Setxattr("a", "user.x", []byte("1"), 0))
	require.Equal(c, unix.EOPNOTSUPP, unix.Setxattr(".", "user.x", []byte("1"), 0))
	dir, err := os.Open(c.fs(""))
	require.NoError(c, err)
	require.Equal(c, unix.EOPNOTSUPP, unix.Fsetxattr(int(dir.Fd()), "user.x", []byte("1"), 0))
}

// bindMount pins below a second mount of a part of the bpffs.
func bindMount(c client) {
	require.NoError(c, os.Mkdir(c.fs("d"), 0o700))
	dir, err := os.MkdirTemp("", "bpfsim-test-")
	require.NoError(c, err)
	defer os.Remove(dir)
	require.NoError(c, unix.Mount(c.fs("d"), dir, "", unix.MS_BIND, ""))
	defer unix.Unmount(dir, 0)
	c.pinned(dir + "/a")
	require.Equal(c, unix.Errno(0), c.errnoAt(c.fs("d/a")))
	var st unix.Statfs_t
	require.NoError(c, unix.Statfs(dir, &st))
	require.EqualValues(c, unix.BPF_FS_MAGIC, st.Type)
	require.Regexp(c, "^rw,", c.tableLine("/proc/self/mounts", "bpffs "+dir+" bpf "))
	require.NoError(c, os.Remove(dir+"/a"))
}
