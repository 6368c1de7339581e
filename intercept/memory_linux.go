package intercept

import (
	"os"

	"golang.org/x/sys/unix"
)

// memory is the address space of a thread. Its vectors are kept between calls, so that copying allocates nothing.
type memory struct {
	thread int
	local  [1]unix.Iovec
	remote [pagesAtOnce]unix.RemoteIovec
}

var pageSize = uint64(os.Getpagesize())

// pagesAtOnce bounds the address vectors of one call; the kernel takes up to 1024 (IOV_MAX).
const pagesAtOnce = 64

// Read copies from the thread's memory and stops at the first page that cannot be read.
func (m *memory) Read(p []byte, addr uint64) int {
	return m.transfer(p, addr, unix.ProcessVMReadv)
}

// Write copies to the thread's memory and stops at the first page that cannot be written.
func (m *memory) Write(addr uint64, p []byte) int {
	return m.transfer(p, addr, unix.ProcessVMWritev)
}

type vmCopy func(pid int, local []unix.Iovec, remote []unix.RemoteIovec, flags uint) (int, error)

// transfer gives the kernel one remote vector a page: process_vm_readv(2) never splits a vector, so that only vectors
// within a page count exactly the bytes before a fault.
func (m *memory) transfer(p []byte, addr uint64, call vmCopy) int {
	for done := 0; done < len(p); {
		vectors, length := split(m.remote[:0], addr+uint64(done), len(p)-done)
		if length == 0 {
			return done
		}
		m.local[0].Base = &p[done]
		m.local[0].SetLen(length)
		n, err := call(m.thread, m.local[:], vectors, 0)
		m.local[0].Base = nil
		if err != nil {
			return done
		}
		if done += n; n < length {
			return done
		}
	}
	return len(p)
}

// split cuts size bytes from addr at page boundaries, as many pages as fit into the room of vectors.
func split(vectors []unix.RemoteIovec, addr uint64, size int) ([]unix.RemoteIovec, int) {
	total := 0
	for size > 0 && len(vectors) < cap(vectors) {
		n := min(size, int(pageSize-addr%pageSize))
		if addr+uint64(n) < addr { // the end of the address space: no user memory there
			break
		}
		vectors = append(vectors, unix.RemoteIovec{Base: uintptr(addr), Len: n})
		addr, size, total = addr+uint64(n), size-n, total+n
	}
	return vectors, total
}
