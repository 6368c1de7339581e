package intercept

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// bpffs is the directory that programs take for a mounted bpffs. It answers for kernel/bpf/inode.c. A pin is an empty
// file; programs make directories, rename and unlink with plain system calls.
type bpffs struct {
	root   inode
	dir    string // its path
	host   int    // a directory of the host's, open for reading; -1 when the bpffs is a mount of its own
	filler int    // keeps a mount of its own full; -1 on a directory of the host's

	mu   sync.Mutex // never held while a program's memory or path is touched: that may wait for another program
	pins pins
}

const openHandle = unix.O_PATH | unix.O_CLOEXEC

// newBPFFS takes a fd of the root directory.
func newBPFFS(root int) (*bpffs, error) {
	var st unix.Stat_t
	if err := unix.Fstat(root, &st); err != nil {
		return nil, fmt.Errorf("stat bpffs: %w", err)
	}
	dir, err := os.Readlink(self(root))
	if err != nil {
		return nil, fmt.Errorf("find bpffs: %w", err)
	}
	b := &bpffs{root: inodeOf(&st), dir: dir, host: -1, filler: -1, pins: newPins()}
	if dir == mountPoint {
		b.filler, err = fill(root)
	} else {
		b.host, err = takeDirectory(root)
	}
	return b, err
}

// fill takes the one page that the private mount has, so that no program can write data where a real bpffs has none:
// directories, links and empty files take no page. The file has no name and lives as long as its fd.
func fill(root int) (int, error) {
	file, err := unix.Openat(root, ".", unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("fill bpffs: %w", err)
	}
	err = beyondFileSize(1, func() error {
		_, err := unix.Write(file, make([]byte, 1))
		return err
	})
	if err != nil && err != unix.ENOMEM { // nobody may write any data
		return -1, fmt.Errorf("fill bpffs: %w", err)
	}
	return file, nil
}

// private reports whether the bpffs is a mount of its own, which can be told by its device.
func (b *bpffs) private() bool { return b.host < 0 }

// contains reports whether a directory is the root or lies below it. On a file system of the host's it follows ".."
// up from there.
func (b *bpffs) contains(dir int) bool {
	if b.private() {
		var st unix.Stat_t
		return unix.Fstat(dir, &st) == nil && st.Dev == b.root.dev
	}
	at, err := unix.Dup(dir)
	last := inode{}
	for err == nil {
		var st unix.Stat_t
		err = unix.Fstat(at, &st)
		id := inodeOf(&st)
		if err != nil || id == b.root || id == last {
			unix.Close(at)
			return err == nil && id == b.root
		}
		last = id
		up := -1
		up, err = unix.Openat(at, "..", openHandle|unix.O_DIRECTORY, 0)
		unix.Close(at)
		at = up
	}
	return false
}

// holds is contains for any file: what is no directory is on the bpffs when it is a pin.
func (b *bpffs) holds(handle int) bool {
	var st unix.Stat_t
	if unix.Fstat(handle, &st) != nil {
		return false
	}
	if b.private() || st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return b.contains(handle)
	}
	return b.isPin(inodeOf(&st))
}

// isPinAt is isPin for a handle.
func (b *bpffs) isPinAt(handle int) bool {
	var st unix.Stat_t
	return unix.Fstat(handle, &st) == nil && b.isPin(inodeOf(&st))
}

func (b *bpffs) isPin(id inode) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pins.at(id) != nil
}

// empty reports whether nothing is pinned.
func (b *bpffs) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pins.byInode) == 0
}

// missing is the errno of a name that dir does not have: bpffs keeps names with a dot for itself (bpf_lookup).
func (b *bpffs) missing(dir int, name string) error {
	if reserved(name) && b.contains(dir) {
		return unix.EPERM
	}
	return unix.ENOENT
}

func reserved(name string) bool { return strings.Contains(name, ".") && !isDots(name) }

func isDots(name string) bool { return name == "." || name == ".." }

// pin links o at name in dir. The order of checks is bpf_obj_do_pin's: names and existence first, then the kind of
// file system.
func (b *bpffs) pin(dir int, name string, mode uint32, o bpfsys.Object) abi.Errno {
	if err := b.vacant(dir, name); err != nil {
		return errnoOf(err)
	}
	if !b.contains(dir) {
		return abi.EPERM
	}
	return b.create(dir, name, mode, o)
}

// vacant answers for filename_create in the kernel's fs/namei.c: a name that exists is EEXIST, a new one with a slash
// behind it ENOENT.
func (b *bpffs) vacant(dir int, name string) error {
	bare := strings.TrimRight(name, "/")
	if bare == "" || isDots(bare) {
		return unix.EEXIST
	}
	var st unix.Stat_t
	err := unix.Fstatat(dir, bare, &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case err == nil:
		return unix.EEXIST
	case err != unix.ENOENT:
		return err
	case reserved(bare) && b.contains(dir):
		return unix.EPERM
	case bare != name:
		return unix.ENOENT
	}
	return nil
}

// create makes the file of a pin. Whoever finds the file waits on the lock until it is one.
func (b *bpffs) create(dir int, name string, mode uint32, o bpfsys.Object) abi.Errno {
	b.mu.Lock()
	defer b.mu.Unlock()
	file, err := unix.Openat(dir, name, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return errnoOf(err)
	}
	defer unix.Close(file)
	if !b.private() {
		markPin(file)
	}
	if err := b.pins.add(file, o); err != nil {
		_ = unix.Unlinkat(dir, name, 0)
		return errnoOf(err)
	}
	return abi.OK
}

// get finds the object pinned at an open handle and takes a reference; any other file is EACCES.
func (b *bpffs) get(handle int, access bpfsys.Access) (bpfsys.Object, abi.Errno) {
	var st unix.Stat_t
	if err := unix.Fstat(handle, &st); err != nil {
		return nil, errnoOf(err)
	}
	if err := unix.Faccessat(unix.AT_FDCWD, self(handle), permissions[access], unix.AT_EACCESS); err != nil {
		return nil, errnoOf(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pins.at(inodeOf(&st))
	if p == nil {
		return nil, abi.EACCES
	}
	p.file.Object().Hold()
	return p.file.Object(), abi.OK
}

var permissions = [3]uint32{
	bpfsys.ReadWrite: unix.R_OK | unix.W_OK, bpfsys.ReadOnly: unix.R_OK, bpfsys.WriteOnly: unix.W_OK,
}

// sweep lets go of the objects whose pins are gone.
func (b *bpffs) sweep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pins.sweep()
}

// close unlinks the pins in a directory of the host's: without the kernel behind them they are just empty files. A
// mount of its own ends with the programs that see it.
func (b *bpffs) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.private() {
		unix.Close(b.filler)
	} else {
		removeFiles(b.host, func(_ int, st *unix.Stat_t) bool { return b.pins.byInode[inodeOf(st)] != nil })
		unix.Close(b.host)
	}
	b.pins.close()
}
