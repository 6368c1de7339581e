package intercept

import (
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// memfd is a file without a name whose inode stands for a map in the programs' fd tables. Dup, fork, exec and passing
// fds are the kernel's own then.
type memfd struct {
	fd int // O_RDWR: what programs' fds are opened from, and what the lease is tried on
	id inode
}

// Seals of a file whose size is fixed, and of one that nobody can write to.
const (
	fixedSize = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW
	unchanged = unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
)

// mapMode are the permissions that a map's fd shows.
const mapMode = 0o600

// newMemfd makes a file of so many zeros. The fd that memfd_create gives is closed: it causes no IN_CLOSE events and
// does not count as a writer, so that neither a watch nor a lease would see it.
func newMemfd(size int64, seals int) (f memfd, err error) {
	raw, err := unix.MemfdCreate("bpf-map", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return f, err
	}
	defer unix.Close(raw)
	if err := resize(raw, size); err != nil {
		return f, err
	}
	if _, err := unix.FcntlInt(uintptr(raw), unix.F_ADD_SEALS, seals); err != nil {
		return f, err
	}
	if err := unix.Fchmod(raw, mapMode); err != nil {
		return f, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(raw, &st); err != nil {
		return f, err
	}
	f.id = inodeOf(&st)
	f.fd, err = unix.Open(self(raw), unix.O_RDWR|unix.O_CLOEXEC, 0)
	return f, err
}

var openModes = [3]int{bpfsys.ReadWrite: unix.O_RDWR, bpfsys.ReadOnly: unix.O_RDONLY, bpfsys.WriteOnly: unix.O_WRONLY}

// open makes a new open file description, to be handed to a program. Programs can change the file's permissions, and
// those who do not run under the filter can take a lease on it, which must not keep everybody waiting.
func (f memfd) open(mode int) (int, error) {
	fd, err := unix.Open(self(f.fd), mode|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err == unix.EACCES {
		_ = unix.Fchmod(f.fd, mapMode)
		fd, err = unix.Open(self(f.fd), mode|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return -1, err
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, 0)
	return fd, err
}

// unused tries a write lease, which the kernel gives only when f.fd is the one open file description; mappings, passed
// messages and other processes' fds all count (fcntl(2), F_SETLEASE).
func (f memfd) unused() bool {
	if !f.intact() {
		return true
	}
	if _, err := unix.FcntlInt(uintptr(f.fd), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		return false
	}
	_, _ = unix.FcntlInt(uintptr(f.fd), unix.F_SETLEASE, unix.F_UNLCK)
	return true
}

// intact is false when somebody in this process has closed the fd, which then may be somebody else's.
func (f memfd) intact() bool {
	var st unix.Stat_t
	return unix.Fstat(f.fd, &st) == nil && inodeOf(&st) == f.id
}

func (f memfd) close() {
	if f.intact() {
		unix.Close(f.fd)
	}
}
