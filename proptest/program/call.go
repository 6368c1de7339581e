package program

import "github.com/bpfsim/bpfsim/abi"

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

// MakesSeed reports whether c makes a map of which something depends on a random seed.
func (a *Arena) MakesSeed(c Call) bool {
	if c.Cmd != abi.MapCreate {
		return false
	}
	var attr [abi.CreateMapFlags + 4]byte
	a.Read(attr[:min(int(c.Size), len(attr))], c.Attr)
	typ := min(abi.MapType(Word(attr[abi.CreateMapType:][:4])), abi.NumMapTypes)
	return mapTypes[typ].seeded && uint32(Word(attr[abi.CreateMapFlags:][:4]))&abi.FlagZeroSeed == 0
}
