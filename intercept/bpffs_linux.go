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
	root inode
	mu   sync.Mutex
	pins map[inode]*pin
}

// pin is a map's file. The handle keeps the inode, so that its number is not given away again and its link count tells
// when the last name is gone.
type pin struct {
	m      *bpfsys.Map
	handle int // O_PATH
}

const openHandle = unix.O_PATH | unix.O_CLOEXEC

// newBPFFS takes a fd of the root directory.
func newBPFFS(root int) (*bpffs, error) {
	var st unix.Stat_t
	if err := unix.Fstat(root, &st); err != nil {
		return nil, fmt.Errorf("stat bpffs: %w", err)
	}
	return &bpffs{root: inodeOf(&st), pins: map[inode]*pin{}}, nil
}

// contains reports whether a file is the root or lies below it: it follows ".." up from dir.
func (b *bpffs) contains(dir int) bool {
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
	return b.at(inodeOf(&st)) != nil || st.Mode&unix.S_IFMT == unix.S_IFDIR && b.contains(handle)
}

// at is the pin that a file is, nil when it is none.
func (b *bpffs) at(id inode) *pin {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pins[id]
}

// pin links m at name in dir. The order of checks is bpf_obj_do_pin's: names and existence first, then the kind of
// file system. bpffs keeps names with a dot for itself.
func (b *bpffs) pin(dir int, name string, mode uint32, m *bpfsys.Map) abi.Errno {
	ours := b.contains(dir)
	if ours && strings.Contains(strings.Trim(name, "/"), ".") && !isDots(name) {
		return abi.EPERM
	}
	if errno := mayCreate(dir, name); errno != abi.OK {
		return errno
	}
	if !ours {
		return abi.EPERM
	}
	return b.create(dir, name, mode, m)
}

func isDots(name string) bool { return name == "." || name == ".." }

// mayCreate answers for filename_create in the kernel's fs/namei.c: a name that exists is EEXIST, a new one with a slash
// behind it ENOENT.
func mayCreate(dir int, name string) abi.Errno {
	bare := strings.TrimRight(name, "/")
	var st unix.Stat_t
	err := unix.Fstatat(dir, bare, &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case bare == "" || isDots(bare) || err == nil:
		return abi.EEXIST
	case bare != name:
		return abi.ENOENT
	case err != unix.ENOENT:
		return errnoOf(err)
	}
	return abi.OK
}

func (b *bpffs) create(dir int, name string, mode uint32, m *bpfsys.Map) abi.Errno {
	file, err := unix.Openat(dir, name, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return errnoOf(err)
	}
	defer unix.Close(file)
	var st unix.Stat_t
	if err := unix.Fstat(file, &st); err != nil {
		return errnoOf(err)
	}
	handle, err := unix.Open(self(file), openHandle, 0)
	if err != nil {
		return errnoOf(err)
	}
	m.Hold()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pins[inodeOf(&st)] = &pin{m, handle}
	return abi.OK
}

// get finds the map pinned at an open handle and takes a reference; any other file is EACCES.
func (b *bpffs) get(handle int, access bpfsys.Access) (*bpfsys.Map, abi.Errno) {
	var st unix.Stat_t
	if err := unix.Fstat(handle, &st); err != nil {
		return nil, errnoOf(err)
	}
	if err := unix.Faccessat(unix.AT_FDCWD, self(handle), permissions[access], unix.AT_EACCESS); err != nil {
		return nil, errnoOf(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.pins[inodeOf(&st)]
	if !ok {
		return nil, abi.EACCES
	}
	p.m.Hold()
	return p.m, abi.OK
}

var permissions = [3]uint32{
	bpfsys.ReadWrite: unix.R_OK | unix.W_OK, bpfsys.ReadOnly: unix.R_OK, bpfsys.WriteOnly: unix.W_OK,
}

// sweep lets go of the maps whose last name was unlinked.
func (b *bpffs) sweep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, p := range b.pins {
		var st unix.Stat_t
		if unix.Fstat(p.handle, &st) == nil && st.Nlink == 0 {
			b.drop(id, p)
		}
	}
}

func (b *bpffs) drop(id inode, p *pin) {
	delete(b.pins, id)
	unix.Close(p.handle)
	p.m.Release()
}

// close unlinks the pins: without the kernel behind them they are just empty files.
func (b *bpffs) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, p := range b.pins {
		if path, err := os.Readlink(self(p.handle)); err == nil {
			removeIf(path, id)
		}
		b.drop(id, p)
	}
}

// removeIf unlinks path when it is still the file id: a private mount is out of our sight, and its path may be
// another file's here.
func removeIf(path string, id inode) {
	var st unix.Stat_t
	if unix.Lstat(path, &st) == nil && inodeOf(&st) == id {
		_ = unix.Unlink(path)
	}
}
