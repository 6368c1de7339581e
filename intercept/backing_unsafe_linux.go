package intercept

import (
	"sync/atomic"
	"unsafe"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// backing is the memory of an array that programs can map (BPF_F_MMAPABLE): the contents of the memfd that stands for
// it. It lives as long as the map, which may be pinned, and so does the memfd.
type backing struct {
	memfd  memfd
	view   []byte
	inline bool // freed by whoever frees the map
}

// newOwnBacking is newBacking for calls of this process: a goroutine of the simulator's, begun in the middle of a test, would be taken for one of the test's.
func newOwnBacking(words uint64) (bpfsys.Backing, abi.Errno) {
	made, errno := newBacking(words)
	if b, ok := made.(*backing); ok {
		b.inline = true
	}
	return made, errno
}

// newBacking is bpfsys.Process.Backing.
func newBacking(words uint64) (bpfsys.Backing, abi.Errno) {
	f, err := newMemfd(int64(8*words), fixedSize)
	if err != nil {
		return nil, errnoOf(err)
	}
	view, err := unix.Mmap(f.fd, 0, int(8*words), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		f.close()
		return nil, errnoOf(err)
	}
	return &backing{memfd: f, view: view}, abi.OK
}

func (b *backing) Words() []atomic.Uint64 {
	return unsafe.Slice((*atomic.Uint64)(unsafe.Pointer(&b.view[0])), len(b.view)/8)
}

// File tells which file the memory is, and this process's own fd of it.
func (b *backing) File() (inode uint64, fd int) { return b.memfd.id.ino, b.memfd.fd }

// Freeze seals the file, which the kernel does exactly when no mapping may write. So for that moment even the view here
// is none: it becomes a private one, with the same contents, and stays so when the seal holds.
func (b *backing) Freeze() abi.Errno {
	if err := b.remap(unix.MAP_PRIVATE); err != nil {
		return errnoOf(err)
	}
	if _, err := unix.FcntlInt(uintptr(b.memfd.fd), unix.F_ADD_SEALS, unchanged); err == nil {
		return abi.OK
	}
	if err := b.remap(unix.MAP_SHARED); err != nil {
		panic("intercept: map an array's memory again: " + err.Error())
	}
	return abi.EBUSY
}

// remap changes the view's kind in one step, unseen by those who read it.
func (b *backing) remap(kind int) error {
	_, err := unix.MmapPtr(b.memfd.fd, 0, unsafe.Pointer(&b.view[0]), uintptr(len(b.view)),
		unix.PROT_READ|unix.PROT_WRITE, kind|unix.MAP_FIXED)
	return err
}

// Free gives the memory back. That may take a while where it is large.
func (b *backing) Free() {
	if b.inline {
		b.free()
		return
	}
	go b.free()
}

func (b *backing) free() {
	_ = unix.Munmap(b.view)
	b.memfd.close()
}
