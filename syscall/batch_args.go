package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// MapLookupBatch copies up to Count elements to the arrays at Keys and Values, from the cursor at In (0: the start),
// and writes the cursor to go on from to Out. The number copied is written over Count in the caller's attr.
type MapLookupBatch struct {
	In, Out      uint64
	Keys, Values uint64
	Count        uint32
	FD           int32
	ElemFlags    uint64
	Flags        uint64
}

// Cmd is abi.MapLookupBatch.
func (MapLookupBatch) Cmd() abi.Cmd { return abi.MapLookupBatch }

// Decode reads the arguments out of a.
func (c *MapLookupBatch) Decode(a Fields) {
	*c = MapLookupBatch{
		In: a.u64(abi.BatchIn), Out: a.u64(abi.BatchOut), Keys: a.u64(abi.BatchKeys), Values: a.u64(abi.BatchValues),
		Count: a.u32(abi.BatchCount), FD: a.fd(abi.BatchMapFD),
		ElemFlags: a.u64(abi.BatchElemFlags), Flags: a.u64(abi.BatchFlags),
	}
}

// Encode lays the arguments out.
func (c MapLookupBatch) Encode() (a Attr) {
	a.put64(abi.BatchIn, c.In)
	a.put64(abi.BatchOut, c.Out)
	a.put64(abi.BatchKeys, c.Keys)
	a.put64(abi.BatchValues, c.Values)
	a.put32(abi.BatchCount, c.Count)
	a.putFD(abi.BatchMapFD, c.FD)
	a.put64(abi.BatchElemFlags, c.ElemFlags)
	a.put64(abi.BatchFlags, c.Flags)
	return a
}

// MapLookupAndDeleteBatch is MapLookupBatch that also removes what it copies.
type MapLookupAndDeleteBatch MapLookupBatch

// Cmd is abi.MapLookupAndDelBatch.
func (MapLookupAndDeleteBatch) Cmd() abi.Cmd { return abi.MapLookupAndDelBatch }

// Decode reads the arguments out of a.
func (c *MapLookupAndDeleteBatch) Decode(a Fields) { (*MapLookupBatch)(c).Decode(a) }

// Encode lays the arguments out.
func (c MapLookupAndDeleteBatch) Encode() Attr { return MapLookupBatch(c).Encode() }

// MapUpdateBatch sets Count elements in order. The number set is written over Count in the caller's attr; In and Out
// are ignored.
type MapUpdateBatch MapLookupBatch

// Cmd is abi.MapUpdateBatch.
func (MapUpdateBatch) Cmd() abi.Cmd { return abi.MapUpdateBatch }

// Decode reads the arguments out of a.
func (c *MapUpdateBatch) Decode(a Fields) { (*MapLookupBatch)(c).Decode(a) }

// Encode lays the arguments out.
func (c MapUpdateBatch) Encode() Attr { return MapLookupBatch(c).Encode() }

// MapDeleteBatch removes Count keys in order. The number removed is written over Count in the caller's attr; In, Out
// and Values are ignored.
type MapDeleteBatch MapLookupBatch

// Cmd is abi.MapDeleteBatch.
func (MapDeleteBatch) Cmd() abi.Cmd { return abi.MapDeleteBatch }

// Decode reads the arguments out of a.
func (c *MapDeleteBatch) Decode(a Fields) { (*MapLookupBatch)(c).Decode(a) }

// Encode lays the arguments out.
func (c MapDeleteBatch) Encode() Attr { return MapLookupBatch(c).Encode() }
