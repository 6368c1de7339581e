package program

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Field reads a field of the attr that a kernel copies, short ones filled up with zeros.
func (a *Arena) Field(c Call, offset, size int) uint64 {
	var b [8]byte
	if known := a.Span(c.Attr, int(min(c.Size, abi.AttrSize)), ToRead); offset < len(known) {
		copy(b[:size], known[offset:])
	}
	return Word(b[:size])
}

// loops reports whether a command may be the mails' loop of calls, between which others can run.
func loops(c abi.Cmd) bool { return c == abi.MapDump || c == abi.MapDumpJuly }

// Loops reports whether c, which is in memory, is one: BPF_F_DUMP_BUCKET makes it another one, or wrong.
func (a *Arena) Loops(c Call) bool {
	return c.Cmd == abi.MapDump || c.Cmd == abi.MapDumpJuly && a.Field(c, abi.JulyFlags, 8)&abi.DumpBucket == 0
}

// seeded are the types whose order, or answers, depend on a random seed.
var seeded = []abi.MapType{abi.Hash, abi.LRUHash, abi.PerCPUHash, abi.LRUPerCPUHash, abi.BloomFilter}

// MakesSeed reports whether c makes a map of which something depends on a random seed.
func (a *Arena) MakesSeed(c Call) bool {
	if c.Cmd != abi.MapCreate {
		return false
	}
	var attr [abi.CreateMapFlags + 4]byte
	a.Read(attr[:min(int(c.Size), len(attr))], c.Attr)
	typ := abi.MapType(Word(attr[abi.CreateMapType:][:4]))
	return slices.Contains(seeded, typ) && uint32(Word(attr[abi.CreateMapFlags:][:4]))&abi.FlagZeroSeed == 0
}

// perCPU are the types whose values have a part for each possible CPU.
var perCPU = []abi.MapType{abi.PerCPUHash, abi.PerCPUArray, abi.LRUPerCPUHash}

// ValueBytes is the size of a value of a map's as user space sees it.
func ValueBytes(t abi.MapType, valueSize, cpus int) int {
	if slices.Contains(perCPU, t) {
		return (valueSize + 7) / 8 * 8 * cpus
	}
	return valueSize
}
