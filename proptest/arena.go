package proptest

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// Base is where user memory begins on every kernel: far from the Go heap, from libraries and from address 0.
const Base uint64 = 0x20_0000_0000

// PageSize is the unit of the arena's protection, in bytes.
const PageSize = 4096

// ArenaSize is the length of the arena in bytes, the unmapped page included.
const ArenaSize = 5 * PageSize

// The pages of the arena: two writable ones, one that faults, a writable one, one that can only be read. Everything
// below Base and behind ArenaSize faults.
const (
	gapPage      = 2
	writablePage = 3
	readOnlyPage = 4
)

// Arena is a program's user memory, at the same made-up addresses on every kernel. It is a bpfsys.Memory.
type Arena struct {
	bytes   []byte // ArenaSize; the gap's bytes are never used
	regions model.Memory
}

// NewArena makes an arena of ordinary memory, full of canaries.
func NewArena() *Arena {
	a := newArenaOn(make([]byte, ArenaSize))
	a.Reset()
	return a
}

func newArenaOn(bytes []byte) *Arena {
	region := func(from, to int, readOnly bool) model.Region {
		return model.Region{Addr: Base + uint64(from*PageSize), Bytes: bytes[from*PageSize : to*PageSize], ReadOnly: readOnly}
	}
	return &Arena{bytes: bytes, regions: model.Memory{
		region(0, gapPage, false), region(writablePage, readOnlyPage, false), region(readOnlyPage, readOnlyPage+1, true),
	}}
}

// canary fills an arena. Every byte has its top bit set, so that no eight of them are a user address and no four of
// them an open fd.
var canary = func() []byte {
	bytes := make([]byte, ArenaSize)
	for i := range bytes {
		bytes[i] = 0x80 | byte(i*37+i>>8)
	}
	return bytes
}()

// Reset fills the arena with canaries.
func (a *Arena) Reset() { copy(a.bytes, canary) }

// Regions is the arena as the model sees it. The bytes are the arena's own.
func (a *Arena) Regions() model.Memory { return a.regions }

// copyFrom makes the arena equal to b.
func (a *Arena) copyFrom(b *Arena) { copy(a.bytes, b.bytes) }

// Read copies user memory at addr to p and returns the number of bytes before the first that faults.
func (a *Arena) Read(p []byte, addr uint64) int {
	return copy(p, a.span(addr, len(p), false))
}

// Write copies p to user memory at addr and returns the number of bytes before the first that faults.
func (a *Arena) Write(addr uint64, p []byte) int {
	return copy(a.span(addr, len(p), true), p)
}

// Poke writes p at addr as the program's author, who can fill the read-only page too. It stops where memory ends.
func (a *Arena) Poke(addr uint64, p []byte) {
	copy(a.span(addr, len(p), false), p)
}

// readable reports whether n bytes at addr can be read.
func (a *Arena) readable(addr uint64, n int) bool { return len(a.span(addr, n, false)) == n }

// span is the accessible memory at addr, at most n bytes.
func (a *Arena) span(addr uint64, n int, write bool) []byte {
	if addr < Base || addr >= Base+ArenaSize {
		return nil
	}
	from := int(addr - Base)
	end := ArenaSize
	switch {
	case from < gapPage*PageSize:
		end = gapPage * PageSize
	case from < writablePage*PageSize:
		return nil
	case write && from < readOnlyPage*PageSize:
		end = readOnlyPage * PageSize
	case write:
		return nil
	}
	return a.bytes[from:min(end, from+n)]
}

// attrOf is the attr that a kernel copies, short ones filled up with zeros.
func (a *Arena) attrOf(c Call) attr {
	b := make([]byte, abi.AttrSize)
	a.Read(b[:min(c.Size, abi.AttrSize)], c.Attr)
	return attr{b}
}
