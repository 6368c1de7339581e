package bpfsys

import (
	"os"

	"golang.org/x/sys/unix"
)

// OwnMemory is the memory of this process at its real addresses. A bad address is a short copy, never a crash: the
// kernel does the copying (process_vm_readv(2)).
type OwnMemory struct{ pid, page int }

// NewOwnMemory opens this process's memory. It works only where process_vm_readv(2) does, which is on Linux.
func NewOwnMemory() OwnMemory { return OwnMemory{pid: os.Getpid(), page: os.Getpagesize()} }

// Read copies from addr to p up to the first byte that cannot be read and returns the number copied.
func (m OwnMemory) Read(p []byte, addr uint64) int { return m.copy(p, addr, unix.ProcessVMReadv) }

// Write copies p to addr up to the first byte that cannot be written and returns the number copied.
func (m OwnMemory) Write(addr uint64, p []byte) int { return m.copy(p, addr, unix.ProcessVMWritev) }

type vectorCopy func(pid int, local []unix.Iovec, remote []unix.RemoteIovec, flags uint) (int, error)

// copy goes page by page, since the call may count only whole vectors.
func (m OwnMemory) copy(p []byte, addr uint64, vectors vectorCopy) int {
	done := 0
	for done < len(p) {
		at := addr + uint64(done)
		n := min(len(p)-done, m.page-int(at%uint64(m.page)))
		local := []unix.Iovec{{Base: &p[done]}}
		local[0].SetLen(n)
		copied, err := vectors(m.pid, local, []unix.RemoteIovec{{Base: uintptr(at), Len: n}}, 0)
		if err != nil || copied < n {
			break
		}
		done += n
	}
	return done
}
