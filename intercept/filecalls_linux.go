//go:build linux && (amd64 || arm64)

package intercept

import (
	"bytes"
	"encoding/binary"
	"os"
	"path"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// fileCall answers the calls on files by which clients recognise BPF objects: cilium/ebpf and bpftool read fdinfo and the link
// text of an fd, search the table of mounts, and refuse to pin where statfs does not name a bpffs. It returns false for
// a call that is not about one of our objects.
func (c *call) fileCall() bool {
	a := &c.Args
	switch int(c.Number) {
	case unix.SYS_OPENAT:
		return c.open(int32(a[0]), a[1], uint32(a[2]))
	case sysOpen:
		return c.open(unix.AT_FDCWD, a[0], uint32(a[1]))
	case unix.SYS_OPENAT2:
		return c.openat2(int32(a[0]), a[1], a[2], a[3])
	case unix.SYS_READLINKAT:
		return c.readlink(int32(a[0]), a[1], a[2], a[3])
	case sysReadlink:
		return c.readlink(unix.AT_FDCWD, a[0], a[1], a[2])
	case unix.SYS_EPOLL_CTL:
		return c.epollCtl()
	case sysEpollWait, unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_PWAIT2:
		c.gates.look()
		return false
	case unix.SYS_MMAP:
		return c.mmap()
	case unix.SYS_FCNTL:
		return c.fcntl()
	case unix.SYS_STATFS:
		return c.statfsPath(a[0], a[1])
	case unix.SYS_FSTATFS:
		return c.fstatfs(int32(a[0]), a[1])
	}
	return c.node()
}

// open answers an open for appending of what defines probes, and one for reading of a pin, of the files below /proc that speak of BPF objects, and of the number of CPUs.
func (c *call) open(dir int32, addr uint64, flags uint32) bool {
	if flags&appendingMask == appending {
		return c.appendTo(addr, flags)
	}
	name, ok := c.pathAt(addr)
	if !ok {
		return false
	}
	text, errno, ours := c.textOf(dir, name, flags&unix.O_NOFOLLOW == 0)
	switch {
	case !ours:
		return false
	case errno == abi.OK:
		return c.openText(text, flags)
	}
	c.answer(0, errno)
	return true
}

// textOf is what an open for reading shall give; ours is false where that is what the host says.
func (c *call) textOf(dir int32, name string, follow bool) (text string, errno abi.Errno, ours bool) {
	if c.types != "" && isVmlinuxTypes(name) {
		return c.types, abi.OK, true
	}
	if name == kallsyms && c.caps.SysAdmin {
		return symbols().text, abi.OK, symbols().text != ""
	}
	if text, errno, ours := c.attachText(name); ours {
		return text, errno, true
	}
	if !c.mayBeOurs(dir, name, "fdinfo") {
		return "", abi.OK, false
	}
	text, err := c.look(dir, name, follow)
	if err != nil {
		return "", errnoOf(err), true
	}
	return text, abi.OK, text != ""
}

// look finds the text that an open for reading shall give, or its error: nothing of both when the file is not of ours.
func (c *call) look(dir int32, name string, follow bool) (text string, err error) {
	handle, err := c.walk(dir, name, follow)
	switch {
	case err == unix.EPERM && reserved(path.Base(name)):
		return "", err
	case err != nil:
		return "", nil
	}
	defer unix.Close(handle)
	if c.bpffs.isPinAt(handle) {
		return "", c.readPin(handle)
	}
	return c.text(handle), nil
}

// readPin is the error of opening a pin for reading. One that may be read is an empty file on the host, too.
func (c *call) readPin(handle int) error {
	o, errno := c.bpffs.get(handle, bpfsys.ReadOnly)
	if errno != abi.OK {
		return unix.Errno(errno)
	}
	defer o.Release()
	if !bpfsys.ReadsPin(o) {
		return unix.EIO
	}
	return nil
}

// openat2 is open with the flags in memory (struct open_how: flags, mode, resolve).
func (c *call) openat2(dir int32, addr, how, size uint64) bool {
	var raw [unix.SizeofOpenHow]byte
	if size < uint64(len(raw)) || c.memory.Read(raw[:], how) < len(raw) {
		return false
	}
	flags, resolve := binary.NativeEndian.Uint64(raw[:]), binary.NativeEndian.Uint64(raw[16:])
	if flags&notReading != 0 && flags&appendingMask != appending || resolve&(unix.RESOLVE_IN_ROOT|unix.RESOLVE_BENEATH) != 0 {
		return false
	}
	return c.open(dir, addr, uint32(flags))
}

// openText gives the caller a file with that text.
func (c *call) openText(text string, flags uint32) bool {
	source, err := textFile(text)
	if err != nil {
		return false
	}
	defer unix.Close(source)
	fd, errno := c.give(source, flags&unix.O_CLOEXEC)
	c.answer(int64(fd), errno)
	return true
}

// textFile returns a read-only fd of a file without a name.
func textFile(text string) (int, error) {
	raw, err := unix.MemfdCreate("fdinfo", unix.MFD_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(raw)
	if err := beyondFileSize(int64(len(text)), func() error { return writeAll(raw, []byte(text)) }); err != nil {
		return -1, err
	}
	return unix.Open(self(raw), unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// writeAll writes all of it: a file in memory takes less at once only where a signal comes.
func writeAll(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if err != nil && err != unix.EINTR {
			return err
		}
		data = data[max(n, 0):]
	}
	return nil
}

// readlink answers for the link text of /proc/.../fd/N.
func (c *call) readlink(dir int32, addr, buf, size uint64) bool {
	name, ok := c.pathAt(addr)
	if !ok || int32(size) <= 0 {
		return false
	}
	link, ok := c.linkOf(dir, name)
	if !ok {
		return false
	}
	text := []byte(link)[:min(len(link), int(int32(size)))]
	if c.memory.Write(buf, text) < len(text) {
		c.answer(0, abi.EFAULT)
	} else {
		c.answer(int64(len(text)), abi.OK)
	}
	return true
}

// linkOf is the link text of an object's fd.
func (c *call) linkOf(dir int32, name string) (text string, ours bool) {
	if !c.mayBeOurs(dir, name, "fd") {
		return "", false
	}
	parent, last, err := c.walkToParent(dir, name)
	if err != nil {
		return "", false
	}
	defer unix.Close(parent)
	var st unix.Stat_t
	if !isProc(parent) || unix.Fstatat(parent, last, &st, 0) != nil {
		return "", false
	}
	o := c.object(inodeOf(&st))
	if o == nil {
		return "", false
	}
	return "anon_inode:" + o.file.Kind(), true
}

// pathAt reads a path of the caller's. Most are short: a long one costs a second read.
func (c *call) pathAt(addr uint64) (string, bool) {
	var short [128]byte
	if name, _, ok := bytes.Cut(short[:c.memory.Read(short[:], addr)], []byte{0}); ok {
		return string(name), len(name) > 0
	}
	var long [unix.PathMax]byte
	name, _, ok := bytes.Cut(long[:c.memory.Read(long[:], addr)], []byte{0})
	return string(name), ok
}

// mayBeOurs decides by a path's text alone whether it can lead to a file of ours: below the bpffs, a table of mounts, the
// possible CPUs, or N in a directory that is called numbers. Links of other names are not followed, which keeps other files cheap.
func (c *call) mayBeOurs(dir int32, name, numbers string) bool {
	base := path.Base(name)
	if !strings.HasPrefix(name, "/") && !isNumber(base) && !mayBeText(base) && c.bpffs.empty() {
		return false
	}
	clean, err := c.clean(dir, name)
	if err != nil {
		return false
	}
	return mayBeText(base) || isNumber(base) && path.Base(path.Dir(clean)) == numbers || isBelow(clean, c.bpffs.dir)
}

// clean is the text of an absolute path that leads where name leads from dir, unless links are in it. Absolute ones,
// the most frequent, need nothing of the thread.
func (c *call) clean(dir int32, name string) (string, error) {
	if strings.HasPrefix(name, "/") {
		return path.Clean(name), nil
	}
	above, err := c.caller().directory(dir)
	return path.Clean(above + "/" + name), err
}

func isNumber(name string) bool {
	return name != "" && strings.Trim(name, "0123456789") == ""
}

// isBelow tells of cleaned paths.
func isBelow(name, dir string) bool {
	rest, ok := strings.CutPrefix(name, dir)
	return ok && (rest == "" || rest[0] == '/')
}

func (c *call) statfsPath(path, buf uint64) bool {
	name, ok := c.pathAt(path)
	if !ok {
		return false
	}
	magic := c.fileSystem(name)
	return magic != 0 && c.statfsAs(magic, buf)
}

// fileSystem is the kind of file system that a path is on, 0 where the host knows it.
func (c *call) fileSystem(name string) (magic int64) {
	if isTracing(name) {
		return unix.TRACEFS_MAGIC
	}
	handle, err := c.walk(unix.AT_FDCWD, name, true)
	if err != nil || !c.isHeld(handle) {
		return 0
	}
	return unix.BPF_FS_MAGIC
}

func (c *call) fstatfs(fd int32, buf uint64) bool {
	if id, open := c.stat(fd); open && c.object(id) != nil {
		c.dropObjects()
		return c.statfsAs(unix.ANON_INODE_FS_MAGIC, buf)
	}
	handle, err := c.caller().openFD(fd, 0)
	return err == nil && c.isHeld(handle) && c.statfsAs(unix.BPF_FS_MAGIC, buf)
}

// isHeld reports whether a handle, which it closes, is of a file on the bpffs. No handle may be open when a call is
// answered: it would keep a file that the program unlinks next.
func (c *call) isHeld(handle int) bool {
	defer unix.Close(handle)
	return c.bpffs.holds(handle)
}

// statfsAs answers what simple_statfs in the kernel says of a file system of that type.
func (c *call) statfsAs(magic int64, buf uint64) bool {
	raw, err := binary.Append(nil, binary.NativeEndian, statfsOf(magic))
	if err != nil || c.memory.Write(buf, raw) < len(raw) {
		c.answer(0, abi.EFAULT)
		return true
	}
	c.answer(0, abi.OK)
	return true
}

func statfsOf(magic int64) *unix.Statfs_t {
	return &unix.Statfs_t{Type: magic, Bsize: int64(os.Getpagesize()), Frsize: int64(os.Getpagesize()), Namelen: 255}
}
