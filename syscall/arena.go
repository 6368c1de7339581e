package bpfsys

import "slices"

// Arena is user memory at made-up addresses: segments with unmapped gaps between them. It runs on every OS and needs
// no addresses of this process. Accesses take no lock, as in a real address space: the callers see to it that one
// byte is not written while another goroutine uses it, and Map is not called during system calls.
type Arena struct {
	segments []*segment // ascending by address
	free     uint64     // where Alloc maps next
	// low is the first segment of each of the low pages, unmapped for a page without one. Most accesses find theirs there,
	// without a search, whose branches no processor predicts.
	low []*segment
}

// lowPages bounds the pages that Arena.low knows: those that Alloc comes to in a GiB.
const lowPages = 1 << 18

type segment struct {
	addr     uint64
	bytes    []byte
	writable bool
}

const (
	arenaPage  = 4096
	arenaStart = 0x10000 // above the addresses that Linux never maps (vm.mmap_min_addr)
)

// NewArena makes a memory without any mapping.
func NewArena() *Arena { return &Arena{free: arenaStart} }

// Map maps size bytes at addr and returns them for direct access; the bytes are zero at first. It panics when the
// range is empty, wraps around or overlaps another segment.
func (a *Arena) Map(addr uint64, size int, writable bool) []byte {
	// Whole cache lines, so that threads that use segments of their own do not wait for each other.
	size = max(size, 0)
	bytes := make([]byte, (size+cacheLine-1)&^(cacheLine-1))[:size]
	a.MapBytes(addr, bytes, writable)
	return bytes
}

// MapBytes is Map of memory that the caller has.
func (a *Arena) MapBytes(addr uint64, bytes []byte, writable bool) {
	at := a.behind(addr)
	end := addr + uint64(len(bytes))
	switch {
	case len(bytes) == 0 || end < addr:
		panic("bpfsys: Arena.Map of an empty or wrapping range")
	case at > 0 && a.segments[at-1].end() > addr, at < len(a.segments) && a.segments[at].addr < end:
		panic("bpfsys: Arena.Map over another segment")
	}
	s := &segment{addr: addr, bytes: bytes[:len(bytes):len(bytes)], writable: writable}
	a.segments = slices.Insert(a.segments, at, s)
	a.free = max(a.free, end)
	a.note(s)
}

// note enters a segment into low.
func (a *Arena) note(s *segment) {
	from, end := s.addr/arenaPage, min((s.end()-1)/arenaPage+1, lowPages)
	for page := from; page < end; page++ {
		for page >= uint64(len(a.low)) {
			a.low = append(a.low, &unmapped)
		}
		if first := a.low[page]; first == &unmapped || first.addr > s.addr {
			a.low[page] = s
		}
	}
}

// Alloc maps n writable bytes (at least one) at an address of its own choice, with an unmapped gap behind them, and
// returns the address. The same calls give the same addresses.
func (a *Arena) Alloc(n int) uint64 {
	addr := (a.free + arenaPage - 1) &^ (arenaPage - 1)
	a.Map(addr, max(n, 1), true)
	a.free = addr + uint64(n) + arenaPage
	return addr
}

// Put is Alloc with content.
func (a *Arena) Put(content []byte) uint64 {
	addr := a.Alloc(len(content))
	a.Write(addr, content)
	return addr
}

// Bytes are the n bytes at addr for direct access, nil unless all of them lie in one segment.
func (a *Arena) Bytes(addr uint64, n int) []byte {
	return a.at(addr).part(addr, n)
}

// Read copies from addr to p up to the first unmapped byte and returns the number copied.
func (a *Arena) Read(p []byte, addr uint64) int {
	n := 0
	for n < len(p) {
		s := a.at(addr + uint64(n))
		if s == &unmapped {
			break
		}
		n += copy(p[n:], s.bytes[addr+uint64(n)-s.addr:])
	}
	return n
}

// Write copies p to addr up to the first byte that is unmapped or read-only and returns the number copied.
func (a *Arena) Write(addr uint64, p []byte) int {
	n := 0
	for n < len(p) {
		s := a.at(addr + uint64(n))
		if !s.writable {
			break
		}
		n += copy(s.bytes[addr+uint64(n)-s.addr:], p[n:])
	}
	return n
}

// Window is the writable bytes from addr on that lie in one segment, at most n, for direct access.
func (a *Arena) Window(addr uint64, n int) []byte {
	s := a.at(addr)
	if !s.writable { // unmapped is not
		return nil
	}
	bytes := s.bytes[addr-s.addr:]
	return bytes[:min(n, len(bytes))]
}

// at is the segment that holds addr, unmapped when there is none.
func (a *Arena) at(addr uint64) *segment {
	if s := a.near(addr); s.holds(addr) {
		return s
	}
	return a.search(addr)
}

// near is the segment that most likely holds addr.
func (a *Arena) near(addr uint64) *segment {
	if page := addr / arenaPage; page < uint64(len(a.low)) {
		return a.low[page]
	}
	return &unmapped
}

// unmapped stands for the segment of addresses that have none.
var unmapped segment

// search is at for what low does not know.
func (a *Arena) search(addr uint64) *segment {
	if i := a.behind(addr); i > 0 && a.segments[i-1].holds(addr) {
		return a.segments[i-1]
	}
	return &unmapped
}

// behind is the place of the first segment that starts behind addr.
func (a *Arena) behind(addr uint64) int {
	low, high := 0, len(a.segments)
	for low < high {
		middle := (low + high) / 2
		if a.segments[middle].addr <= addr {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

func (s *segment) holds(addr uint64) bool { return addr-s.addr < uint64(len(s.bytes)) }

// part is the n bytes at addr, nil unless s holds them all.
func (s *segment) part(addr uint64, n int) []byte {
	off := addr - s.addr
	if off >= uint64(len(s.bytes)) || uint64(n) > uint64(len(s.bytes))-off {
		return nil
	}
	return s.bytes[off : off+uint64(n) : off+uint64(n)]
}

// writablePart is part of a segment that can be written, else nil.
func (s *segment) writablePart(addr uint64, n int) []byte {
	if !s.writable {
		return nil
	}
	return s.part(addr, n)
}

func (s *segment) end() uint64 { return s.addr + uint64(len(s.bytes)) }
