package kernel

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapped is anonymous memory of this process, as a bpfsys.Memory at its real addresses.
type mapped []byte

func newMapped(n int) (mapped, error) {
	m, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes: %w", n, err)
	}
	return m, nil
}

func (m mapped) unmap() { _ = unix.Munmap(m) }

func (m mapped) addr() uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(m)))) }

// at is the memory from addr on.
func (m mapped) at(addr uint64) []byte {
	if addr < m.addr() || addr >= m.addr()+uint64(len(m)) {
		return nil
	}
	return m[addr-m.addr():]
}

// Read copies memory at addr to p and returns how many bytes there are.
func (m mapped) Read(p []byte, addr uint64) int { return copy(p, m.at(addr)) }

// Write copies p to memory at addr and returns how many bytes fit.
func (m mapped) Write(addr uint64, p []byte) int { return copy(m.at(addr), p) }
