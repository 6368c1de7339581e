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
func (c *MapDump) Decode(a *Attr) {
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
