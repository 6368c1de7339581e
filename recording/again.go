package recording

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/proptest/program"
)

// Memory is a caller's memory as a recorded call tells of it: what was read is there, what was not is not, and all can be written but where writes
// ended.
type Memory struct {
	call  *Call
	known []program.Write // what was read, ascending
	wrote spans
	notes []string
}

// NewMemory is the memory that c found.
func NewMemory(c *Call) *Memory {
	m := &Memory{call: c}
	if len(c.Contents) > 0 && !program.OnEvents(c.Cmd) {
		m.known = over(m.known, program.Write{Addr: c.Attr, Bytes: c.Contents})
	}
	for _, w := range c.Memory {
		m.known = over(m.known, w)
	}
	return m
}

// Read copies what is known from addr on.
func (m *Memory) Read(p []byte, addr uint64) int {
	n := m.copy(p, addr)
	if n < len(p) && !m.faulted(Fault{addr + uint64(n), false}) {
		m.note("it reads memory at %#x, which the recorded call did not", addr+uint64(n))
	}
	return n
}

// ReadString copies a string up to its end.
func (m *Memory) ReadString(p []byte, addr uint64) int {
	n := m.copy(p, addr)
	if end := bytes.IndexByte(p[:n], 0); end >= 0 {
		return end + 1
	}
	return m.Read(p, addr)
}

func (m *Memory) copy(p []byte, addr uint64) int {
	n, known := 0, m.known
	if touches(m.wrote, addr, len(p)) {
		known = spans(append(slices.Clone(known), m.wrote...)).ordered()
	}
	for n < len(p) {
		part := find(known, addr+uint64(n))
		if part == nil {
			break
		}
		n += copy(p[n:], part)
	}
	return n
}

// find is what is known from addr on in one piece.
func find(all []program.Write, addr uint64) []byte {
	for _, w := range all {
		if off := addr - w.Addr; addr >= w.Addr && off < uint64(len(w.Bytes)) {
			return w.Bytes[off:]
		}
	}
	return nil
}

func (m *Memory) faulted(f Fault) bool {
	for _, known := range m.call.Faulted {
		if known == f {
			return true
		}
	}
	return false
}

func (m *Memory) note(format string, args ...any) {
	if len(m.notes) < 8 {
		m.notes = append(m.notes, fmt.Sprintf(format, args...))
	}
}

// Write takes what is written up to where a recorded write ended.
func (m *Memory) Write(addr uint64, p []byte) int {
	for _, f := range m.call.Faulted {
		if f.Addr >= addr && f.Addr-addr < uint64(len(p)) {
			p = p[:f.Addr-addr]
		}
	}
	m.wrote.note(addr, p)
	return len(p)
}

// Wrote are the bytes that were written.
func (m *Memory) Wrote() []program.Write { return m.wrote.ordered() }

// Notes are what was read that nobody knows of.
func (m *Memory) Notes() []string { return m.notes }
