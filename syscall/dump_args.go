package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// MapDump copies as many elements as fit to Buf, key and value packed, starting behind the key at PrevKey (0: the
// first). BufLen is the address of a 32-bit number: in, bytes of room; out, bytes filled. PrevKey, where given,
// receives the key to go on from.
type MapDump struct {
	FD      int32
	PrevKey uint64
	Buf     uint64
	BufLen  uint64
}

// Cmd is abi.MapDump.
func (MapDump) Cmd() abi.Cmd { return abi.MapDump }

// Decode reads the arguments out of a.
func (c *MapDump) Decode(a Fields) {
	*c = MapDump{
		FD: a.fd(abi.DumpMapFD), PrevKey: a.u64(abi.DumpPrevKey), Buf: a.u64(abi.DumpBuf), BufLen: a.u64(abi.DumpBufLen),
	}
}

// Encode lays the arguments out.
func (c MapDump) Encode() (a Attr) {
	a.putFD(abi.DumpMapFD, c.FD)
	a.put64(abi.DumpPrevKey, c.PrevKey)
	a.put64(abi.DumpBuf, c.Buf)
	a.put64(abi.DumpBufLen, c.BufLen)
	return a
}

// MapDumpJuly is MapDump in the layout of 24 July 2019, which has room for flags. Under abi.DumpBucket it copies whole
// buckets, each in one atomic step, and goes on behind the bucket of the key at PrevKey whether or not that is still
// in the map; ENOSPC when the first bucket does not fit.
type MapDumpJuly struct {
	PrevKey uint64
	Buf     uint64
	BufLen  uint64
	Flags   uint64
	FD      int32
}

// Cmd is abi.MapDumpJuly.
func (MapDumpJuly) Cmd() abi.Cmd { return abi.MapDumpJuly }

// Decode reads the arguments out of a.
func (c *MapDumpJuly) Decode(a Fields) {
	*c = MapDumpJuly{
		PrevKey: a.u64(abi.JulyPrevKey), Buf: a.u64(abi.JulyBuf), BufLen: a.u64(abi.JulyBufLen),
		Flags: a.u64(abi.JulyFlags), FD: a.fd(abi.JulyMapFD),
	}
}

// Encode lays the arguments out.
func (c MapDumpJuly) Encode() (a Attr) {
	a.put64(abi.JulyPrevKey, c.PrevKey)
	a.put64(abi.JulyBuf, c.Buf)
	a.put64(abi.JulyBufLen, c.BufLen)
	a.put64(abi.JulyFlags, c.Flags)
	a.putFD(abi.JulyMapFD, c.FD)
	return a
}

// MapDumpAndDelete is MapDumpJuly that also removes what it copies, each element (under abi.DumpBucket each bucket) in
// the step in which it enters Buf. It starts at the first element; PrevKey only receives the last key copied.
type MapDumpAndDelete MapDumpJuly

// Cmd is abi.MapDumpAndDelete.
func (MapDumpAndDelete) Cmd() abi.Cmd { return abi.MapDumpAndDelete }

// Decode reads the arguments out of a.
func (c *MapDumpAndDelete) Decode(a Fields) { (*MapDumpJuly)(c).Decode(a) }

// Encode lays the arguments out.
func (c MapDumpAndDelete) Encode() Attr { return MapDumpJuly(c).Encode() }
