//go:build linux && (amd64 || arm64)

package intercept

import (
	"bytes"
	"runtime/debug"
	"unsafe"

	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// Bpf is bpf(2) with size bytes of attr at attr, which may lie on the calling goroutine's stack: that may move during the call, and so
// attr is never made a number. What attr points to must be on the heap, or no Go memory at all.
func (own *Own) Bpf(cmd uint32, attr unsafe.Pointer, size uintptr) (ret int32, errno abi.Errno) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	c := own.begin()
	theirs := unsafe.Slice((*byte)(attr), min(size, uintptr(len(c.attr))))
	copy(c.attr[:], theirs)
	addr := uint64(uintptr(unsafe.Pointer(&c.attr)))
	if w := own.watch.Load(); w != nil {
		ret, errno = c.runWatched(*w, abi.Cmd(cmd), addr, uint32(size))
	} else {
		ret, errno = c.run(abi.Cmd(cmd), addr, uint32(size))
	}
	if ours := c.attr[:len(theirs)]; !bytes.Equal(ours, theirs) {
		copy(theirs, ours)
	}
	own.end(c)
	return ret, errno
}

// ownMemory is this process's memory. A bad address is a short copy, never a crash, for goroutines that panic on faults
// (debug.SetPanicOnFault). The race detector sees none of it, as it sees nothing of what a kernel does.
type ownMemory struct{}

// Read copies from addr to p up to the first byte that cannot be read (bpfsys.Memory).
func (ownMemory) Read(p []byte, addr uint64) (n int) {
	if transfer(unsafe.Pointer(unsafe.SliceData(p)), pointer(addr), len(p)) {
		return len(p)
	}
	for n < len(p) && transfer(unsafe.Pointer(&p[n]), pointer(addr+uint64(n)), 1) {
		n++
	}
	return n
}

// Write copies p to addr up to the first byte that cannot be written (bpfsys.Memory).
func (ownMemory) Write(addr uint64, p []byte) (n int) {
	if transfer(pointer(addr), unsafe.Pointer(unsafe.SliceData(p)), len(p)) {
		return len(p)
	}
	for n < len(p) && transfer(pointer(addr+uint64(n)), unsafe.Pointer(&p[n]), 1) {
		n++
	}
	return n
}

// pointer is the pointer that a number from an attr is. It may be none.
func pointer(addr uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

// transfer copies n bytes; false when a fault kept it from that, and some may have been copied.
//
//go:norace
//go:nocheckptr
//go:noinline
func transfer(to, from unsafe.Pointer, n int) (whole bool) {
	defer func() {
		if !whole {
			_ = recover()
		}
	}()
	copyUnseen(to, from, n)
	return true
}

// statFD finds the file behind a fd of this process; open is false when there is none. The call never blocks, and so the scheduler is not told.
func statFD(fd int32) (id inode, open bool) {
	var st unix.Stat_t
	_, _, errno := unix.RawSyscall(unix.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(&st)), 0)
	return inodeOf(&st), errno == 0
}
