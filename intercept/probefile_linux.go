//go:build linux && (amd64 || arm64)

package intercept

import (
	"path"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"golang.org/x/sys/unix"
)

// probeFiles are the files of tracefs to which definitions of probes are written, in the kernel and in files.
var probeFiles = map[bool]string{false: "kprobe_events", true: "uprobe_events"}

// appending are the open(2) flags with which probes are defined.
const appending = unix.O_WRONLY | unix.O_APPEND

// appendingMask are those that are looked at.
const appendingMask = unix.O_ACCMODE | unix.O_APPEND | unix.O_CREAT | unix.O_DIRECTORY | unix.O_PATH

// appendTo opens a file of probes for writing. It gets a number whose writes are looked at; through any other number they fail
// with EPERM.
func (c *call) appendTo(addr uint64, flags uint32) bool {
	name, ok := c.pathAt(addr)
	if !ok || !strings.HasSuffix(name, "probe_events") {
		return false
	}
	file, ok := inTracing(path.Clean(name))
	if !ok || file != probeFiles[false] && file != probeFiles[true] {
		return false
	}
	if !c.caps.SysAdmin {
		c.answer(0, abi.EACCES)
		return true
	}
	source, err := probeFile(file)
	if err != nil {
		return false
	}
	defer unix.Close(source)
	fd, errno := c.giveWatched(source, flags&unix.O_CLOEXEC)
	c.answer(int64(fd), errno)
	return true
}

// probeFile is an empty file of that name, to which nothing can be written.
func probeFile(name string) (int, error) {
	raw, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, err
	}
	defer unix.Close(raw)
	if _, err := unix.FcntlInt(uintptr(raw), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		return -1, err
	}
	return unix.Open(self(raw), appending|unix.O_CLOEXEC, 0)
}

// isProbeFile tells a file that probeFile made, by what the caller's link says.
func (c *call) isProbeFile(fd int32) (user, ok bool) {
	var text string
	err := c.caller().onFD(fd, func(dir int, name string) (err error) {
		text, err = readlinkat(dir, name)
		return err
	})
	if err != nil {
		return false, false
	}
	for user, name := range probeFiles {
		if text == "/memfd:"+name+" (deleted)" {
			return user, true
		}
	}
	return false, false
}

// write answers write(2) to a file of probes.
func (c *call) write() bool {
	a := &c.Args
	if c.Number != unix.SYS_WRITE {
		return false
	}
	user, ok := c.isProbeFile(int32(a[0]))
	if !ok {
		return false
	}
	text := make([]byte, min(a[2], longestRecord))
	if c.memory.Read(text, a[1]) < len(text) {
		c.answer(0, abi.EFAULT)
		return true
	}
	c.supervisor.objects.sweep()
	process := c.process()
	kernel := c.kernel()
	errno := kernel.WriteProbes(&maps.Task{}, &process, user, string(text))
	c.recorders.beside(kernel, "definition-of-probes")
	c.answer(int64(len(text)), errno)
	return true
}

// giveWatched installs a fd of this process in the caller under a number whose calls are looked at, or under any other where none is
// free.
func (c *call) giveWatched(source int, flags uint32) (int32, abi.Errno) {
	c.numbers.Lock()
	defer c.numbers.Unlock()
	for number := int32(lastWatchedFD); number >= firstWatchedFD; number-- {
		if _, taken := c.caller().stat(number); taken {
			continue
		}
		fd, errno := install(c.listener, &addFD{ID: c.ID, Flags: unix.SECCOMP_ADDFD_FLAG_SETFD, SourceFD: uint32(source),
			NewFD: uint32(number), FDFlags: flags})
		if errno == unix.EBADF { // behind RLIMIT_NOFILE
			break
		}
		return fd, abi.Errno(errno)
	}
	return c.give(source, flags)
}
