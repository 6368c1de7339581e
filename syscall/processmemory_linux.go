package bpfsys

import (
	"os"

	"golang.org/x/sys/unix"
)

// ProcessMemory is the memory of a process at its real addresses: of another one that the caller may trace, or of this
// one. A bad address is a short copy, never a crash: the kernel does the copying (process_vm_readv(2)). It is for one
// goroutine; what it needs is kept between calls, so that copying allocates nothing.
type ProcessMemory struct {
	// Thread is the id of any thread of the process.
	Thread int

	local  [1]unix.Iovec
	remote [pagesAtOnce]unix.RemoteIovec
	ahead  [2]window // to be read in order
	behind [2]window // to be written in order
	lost   bool      // what was to be written could not be
}

var pageSize = uint64(os.Getpagesize())

// pagesAtOnce bounds the address vectors of one call; the kernel takes up to 1024 (IOV_MAX).
const pagesAtOnce = 64

// Begin turns to the process of another call.
func (m *ProcessMemory) Begin(thread int) {
	m.Thread = thread
	m.lost = false
	for i := range m.ahead {
		m.ahead[i].drop()
		m.behind[i].drop()
	}
}

// Read copies from addr to p up to the first byte that cannot be read and returns the number copied.
func (m *ProcessMemory) Read(p []byte, addr uint64) int {
	if w := find(&m.ahead, addr, len(p)); w != nil {
		return m.readAhead(w, p)
	}
	m.flush()
	return m.read(p, addr)
}

// Write copies p to addr up to the first byte that cannot be written and returns the number copied.
func (m *ProcessMemory) Write(addr uint64, p []byte) int {
	if w := find(&m.behind, addr, len(p)); w != nil {
		return m.writeBehind(w, p)
	}
	m.ahead[0].drop()
	m.ahead[1].drop()
	if !m.flush() {
		return 0
	}
	return m.transfer(p, addr, unix.ProcessVMWritev)
}

type vmCopy func(pid int, local []unix.Iovec, remote []unix.RemoteIovec, flags uint) (int, error)

// transfer gives the kernel one remote vector a page: process_vm_readv(2) never splits a vector, so that only vectors
// within a page count exactly the bytes before a fault.
func (m *ProcessMemory) transfer(p []byte, addr uint64, call vmCopy) int {
	for done := 0; done < len(p); {
		vectors, length := split(m.remote[:0], addr+uint64(done), len(p)-done)
		if length == 0 {
			return done
		}
		m.local[0].Base = &p[done]
		m.local[0].SetLen(length)
		n, err := call(m.Thread, m.local[:], vectors, 0)
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
