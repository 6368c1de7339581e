//go:build linux && (amd64 || arm64)

package intercept

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// lookalike answers the calls by which clients recognise BPF objects: cilium/ebpf and bpftool read fdinfo and the link
// text of an fd, and refuse to pin where statfs does not name a bpffs. It returns false for a call that is not about
// one of our objects.
func (c *call) lookalike() bool {
	a := &c.Args
	switch int(c.Number) {
	case unix.SYS_OPENAT:
		return c.open(a[1], a[2])
	case sysOpen:
		return c.open(a[0], a[1])
	case unix.SYS_READLINKAT:
		return c.readlink(a[1], a[2], a[3])
	case sysReadlink:
		return c.readlink(a[0], a[1], a[2])
	case unix.SYS_STATFS:
		return c.statfsPath(a[0], a[1])
	case unix.SYS_FSTATFS:
		return c.fstatfs(int32(a[0]), a[1])
	}
	return false
}

// open answers an open of one of the two files below /proc that speak of BPF objects.
func (c *call) open(path, flags uint64) bool {
	var buf [longestProcPath]byte
	name, ok := c.procPath(buf[:], path)
	if !ok {
		return false
	}
	text, ok := c.mounts(name)
	if !ok {
		text, ok = c.fdinfo(name)
	}
	return ok && c.openText(text, uint32(flags))
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

// mounts is the table of mounts with the private mount shown as the bpffs that it stands for: bpftool -f looks for
// pins where this table names a bpffs.
func (c *call) mounts(path string) (string, bool) {
	if path != "/proc/mounts" && path != "/proc/self/mounts" {
		return "", false
	}
	const private, shown = mountSource + " " + mountPoint + " tmpfs ", mountSource + " " + mountPoint + " bpf "
	before, after, found := strings.Cut(string(c.caller().read("mounts")), private)
	return before + shown + after, found
}

// fdinfo is the text of /proc/.../fdinfo/N with what bpf_map_show_fdinfo in the kernel's kernel/bpf/syscall.c adds.
func (c *call) fdinfo(path string) (string, bool) {
	th, fd, ok := c.procFile(path, "fdinfo")
	if !ok {
		return "", false
	}
	id, _ := th.stat(fd)
	o := c.object(id)
	if o == nil || o.m == nil {
		return "", false
	}
	access, _ := th.access(fd)
	return fdinfoHead(th.fdinfo(fd), openModes[access]) + o.m.FDInfo(), true
}

// fdinfoHead is the head of a map's fdinfo, made from the memfd's: all but the flags is the same.
func fdinfoHead(text string, mode int) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if flags, ok := strings.CutPrefix(line, "flags:"); ok {
			n, _ := strconv.ParseUint(strings.TrimSpace(flags), 8, 32)
			line = fmt.Sprintf("flags:\t0%o\n", n&unix.O_CLOEXEC|uint64(mode))
		}
		out.WriteString(line)
	}
	return out.String()
}

// textFile returns a read-only fd of a file without a name.
func textFile(text string) (int, error) {
	raw, err := unix.MemfdCreate("fdinfo", unix.MFD_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(raw)
	if _, err := unix.Write(raw, []byte(text)); err != nil {
		return -1, err
	}
	return unix.Open(self(raw), unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// readlink answers for the link text of /proc/.../fd/N.
func (c *call) readlink(path, buf, size uint64) bool {
	var room [longestProcPath]byte
	name, ok := c.procPath(room[:], path)
	if !ok || int32(size) <= 0 {
		return false
	}
	th, fd, ok := c.procFile(name, "fd")
	if !ok {
		return false
	}
	id, _ := th.stat(fd)
	o := c.object(id)
	if o == nil {
		return false
	}
	text := []byte("anon_inode:bpf-map")
	if o.m == nil {
		text = []byte("anon_inode:bpf-prog")
	}
	text = text[:min(len(text), int(int32(size)))]
	if c.memory.Write(buf, text) < len(text) {
		c.answer(0, abi.EFAULT)
	} else {
		c.answer(int64(len(text)), abi.OK)
	}
	return true
}

// longestProcPath is more than /proc/TID/task/TID/fdinfo/FD with the longest numbers needs.
const longestProcPath = 64

// procPath reads a path of the caller's into buf; ok is false unless it leads below /proc.
func (c *call) procPath(buf []byte, addr uint64) (path string, ok bool) {
	text, _, ok := bytes.Cut(buf[:c.memory.Read(buf, addr)], []byte{0})
	if !ok || !bytes.HasPrefix(text, []byte("/proc/")) {
		return "", false
	}
	return string(text), true
}

// procFile finds the thread and the fd of a path of the form /proc/WHO/KIND/FD or /proc/WHO/task/TID/KIND/FD.
func (c *call) procFile(path, kind string) (*thread, int32, bool) {
	who, fd, ok := parseProcPath(path, kind)
	switch {
	case !ok:
		return nil, 0, false
	case who == 0:
		return c.caller(), fd, true
	}
	return c.thread(who), fd, true
}

// parseProcPath returns the thread and the fd that a path below /proc names; who is 0 for the caller itself.
func parseProcPath(path, kind string) (who int, fd int32, ok bool) {
	part := strings.Split(path, "/")
	if len(part) == 7 && part[3] == "task" {
		part = []string{"", "proc", part[4], part[5], part[6]}
	}
	if len(part) != 5 || part[3] != kind {
		return 0, 0, false
	}
	n, err := strconv.ParseUint(part[4], 10, 31)
	if err != nil {
		return 0, 0, false
	}
	if part[2] != "self" && part[2] != "thread-self" {
		if who, err = strconv.Atoi(part[2]); err != nil || who <= 0 {
			return 0, 0, false
		}
	}
	return who, int32(n), true
}

func (c *call) statfsPath(path, buf uint64) bool {
	var text [unix.PathMax]byte
	name, _, ok := bytes.Cut(text[:c.memory.Read(text[:], path)], []byte{0})
	if !ok || len(name) == 0 {
		return false
	}
	handle, err := c.caller().open(unix.AT_FDCWD, string(name))
	if err != nil {
		return false
	}
	defer unix.Close(handle)
	return c.statfs(handle, buf)
}

func (c *call) fstatfs(fd int32, buf uint64) bool {
	handle, err := c.caller().openFD(fd)
	if err != nil {
		return false
	}
	defer unix.Close(handle)
	return c.statfs(handle, buf)
}

// statfs answers what simple_statfs and bpf_fill_super in the kernel say of a bpffs.
func (c *call) statfs(handle int, buf uint64) bool {
	if !c.bpffs.holds(handle) {
		return false
	}
	var st unix.Statfs_t
	st.Type, st.Bsize, st.Frsize, st.Namelen = unix.BPF_FS_MAGIC, int64(os.Getpagesize()), int64(os.Getpagesize()), 255
	raw, err := binary.Append(nil, binary.NativeEndian, &st)
	if err != nil || c.memory.Write(buf, raw) < len(raw) {
		c.answer(0, abi.EFAULT)
		return true
	}
	c.answer(0, abi.OK)
	return true
}
