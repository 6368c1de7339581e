package program

import (
	"math/bits"

	"github.com/bpfsim/bpfsim/model"
)

// Base is where user memory begins on every kernel: low enough for bpfsys to work in it, and below every program. The
// first gigabyte behind a program is no place: Linux puts the heap of the C library anywhere in it (arch_randomize_brk).
const Base uint64 = 0x20_0000

// PageSize is the unit of the arena's protection, in bytes.
const PageSize = 4096

// ArenaSize is the length of the arena in bytes, the unmapped page included.
const ArenaSize = 5 * PageSize

// The pages of the arena: two writable ones, one that faults, a writable one, one that can only be read. Everything
// below Base and behind ArenaSize faults.
const (
	GapPage      = 2
	WritablePage = 3
	ReadOnlyPage = 4
)

// Arena is a program's user memory, at the same made-up addresses on every kernel. It is a bpfsys.Memory.
type Arena struct {
	bytes   []byte // ArenaSize; the gap's bytes are never used
	extra   []byte // from ExtraBase on
	regions model.Memory
	// written has a bit for each block that was written since the last follow.
	written uint64
	// unseen means that not all writes are seen: a real kernel makes them, or one in place.
	Unseen bool
	pieces [ArenaSize / blockSize]model.Span
}

// blockSize is the unit of what is noted as written, in bytes.
const blockSize = 512

// NewArena makes an arena of ordinary memory, full of canaries.
func NewArena() *Arena {
	a := NewArenaOn(make([]byte, ArenaSize))
	a.Reset()
	return a
}

func NewArenaOn(bytes []byte) *Arena {
	region := func(from, to int, readOnly bool) model.Region {
		return model.Region{Addr: Base + uint64(from*PageSize), Bytes: bytes[from*PageSize : to*PageSize], ReadOnly: readOnly}
	}
	return &Arena{bytes: bytes, regions: model.Memory{
		region(0, GapPage, false), region(WritablePage, ReadOnlyPage, false), region(ReadOnlyPage, ReadOnlyPage+1, true),
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
func (a *Arena) Reset() {
	copy(a.bytes, canary)
	for rest := a.extra; len(rest) > 0; {
		rest = rest[copy(rest, canary):]
	}
	a.note(0, ArenaSize)
}

// note notes that n bytes are written.
func (a *Arena) note(from, n int) {
	if n > 0 {
		first, last := from/blockSize, (from+n-1)/blockSize
		a.written |= 1<<(last+1) - 1<<first
	}
}

// Bytes is the whole arena, the part without access too.
func (a *Arena) Bytes() []byte { return a.bytes }

// Regions is the arena as the model sees it. The bytes are the arena's own.
func (a *Arena) Regions() model.Memory { return a.regions }

// Follow makes the arena equal to b, as it was after the last follow.
func (a *Arena) Follow(b *Arena) {
	if len(b.extra) > 0 {
		if len(a.extra) != len(b.extra) {
			a.Extend(make([]byte, len(b.extra)))
		}
		copy(a.extra, b.extra)
	}
	if b.Unseen {
		copy(a.bytes, b.bytes)
		return
	}
	for ; b.written != 0; b.written &= b.written - 1 {
		at := bits.TrailingZeros64(b.written) * blockSize
		copy(a.bytes[at:at+blockSize], b.bytes[at:])
	}
}

// Changes are the pieces that were written since the last follow, nil when that is not known.
func (a *Arena) Changes() []model.Span {
	if a.Unseen || len(a.extra) > 0 {
		return nil
	}
	n := 0
	for left := a.written; left != 0; left &= left - 1 {
		a.pieces[n] = model.Span{Addr: Base + uint64(bits.TrailingZeros64(left)*blockSize), Size: blockSize}
		n++
	}
	return a.pieces[:n]
}

// Read copies user memory at addr to p and returns the number of bytes before the first that faults.
func (a *Arena) Read(p []byte, addr uint64) int {
	return copy(p, a.Span(addr, len(p), ToRead))
}

// Write copies p to user memory at addr and returns the number of bytes before the first that faults.
func (a *Arena) Write(addr uint64, p []byte) int {
	return copy(a.Span(addr, len(p), ToWrite), p)
}

// Poke writes p at addr as the program's author, who can fill the read-only page too. It stops where memory ends.
func (a *Arena) Poke(addr uint64, p []byte) {
	copy(a.Span(addr, len(p), ToPoke), p)
}

// Readable reports whether n bytes at addr can be read.
func (a *Arena) Readable(addr uint64, n int) bool { return len(a.Span(addr, n, ToRead)) == n }

// access is what a span is for: a kernel's reads and writes, or those of the program's author, who can write everywhere.
type access uint8

const (
	ToRead access = iota
	ToWrite
	ToPoke
)

// Span is the accessible memory at addr, at most n bytes. What is not only to be read counts as written.
func (a *Arena) Span(addr uint64, n int, to access) []byte {
	if addr < Base || addr >= Base+ArenaSize {
		return a.extraSpan(addr, n)
	}
	from := int(addr - Base)
	end := min(limit(from, to), from+n)
	if end <= from {
		return nil
	}
	if to != ToRead {
		a.note(from, end-from)
	}
	return a.bytes[from:end]
}

// limit is where the memory that holds offset from ends.
func limit(from int, to access) int {
	switch {
	case from < GapPage*PageSize:
		return GapPage * PageSize
	case from < WritablePage*PageSize:
		return 0
	case to != ToWrite:
		return ArenaSize
	case from < ReadOnlyPage*PageSize:
		return ReadOnlyPage * PageSize
	}
	return 0
}
