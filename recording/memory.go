package recording

import (
	"bytes"
	"slices"

	"github.com/bpfsim/bpfsim/syscall"
)

// memory is a caller's memory, of which it is noted what the kernel reads and writes. What a call reads after it has written it is no input.
type memory struct {
	bpfsys.Memory
	read, wrote spans
	faulted     []Fault
}

// Read notes what is read for the first time.
func (m *memory) Read(p []byte, addr uint64) int {
	n := m.Memory.Read(p, addr)
	m.fault(addr, n, len(p), false)
	m.noteRead(addr, p[:n])
	return n
}

// ReadString notes a string up to its end. What lies behind, such as a program's environment, is nobody's business.
func (m *memory) ReadString(p []byte, addr uint64) int {
	n := m.Memory.Read(p, addr)
	if end := bytes.IndexByte(p[:n], 0); end >= 0 {
		m.noteRead(addr, p[:end+1])
		return end + 1
	}
	m.fault(addr, n, len(p), false)
	m.noteRead(addr, p[:n])
	return n
}

func (m *memory) noteRead(addr uint64, p []byte) {
	if !touches(m.read, addr, len(p)) && !touches(m.wrote, addr, len(p)) {
		m.read.note(addr, p)
		return
	}
	known := spans(append(slices.Clone(m.read), m.wrote...)).ordered()
	for _, part := range without(known, addr, len(p)) {
		m.read.note(addr+uint64(part[0]), p[part[0]:part[1]])
	}
}

// touches reports whether a piece has some of size bytes at addr.
func touches(s spans, addr uint64, size int) bool {
	for _, w := range s {
		if w.Addr < addr+uint64(size) && addr < w.Addr+uint64(len(w.Bytes)) {
			return true
		}
	}
	return false
}

// Write notes what is written.
func (m *memory) Write(addr uint64, p []byte) int {
	n := m.Memory.Write(addr, p)
	m.fault(addr, n, len(p), true)
	m.wrote.note(addr, p[:n])
	return n
}

func (m *memory) fault(addr uint64, n, size int, write bool) {
	if f := (Fault{addr + uint64(n), write}); n < size && !slices.Contains(m.faulted, f) {
		m.faulted = append(m.faulted, f)
	}
}
