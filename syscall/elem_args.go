package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// MapLookupElem copies the value of the key at Key to Value.
type MapLookupElem struct {
	FD         int32
	Key, Value uint64
	Flags      uint64
}

// Cmd is abi.MapLookupElem.
func (MapLookupElem) Cmd() abi.Cmd { return abi.MapLookupElem }

// Decode reads the arguments out of a.
func (c *MapLookupElem) Decode(a Fields) {
	*c = MapLookupElem{
		FD: a.fd(abi.ElemMapFD), Key: a.u64(abi.ElemKey), Value: a.u64(abi.ElemValue), Flags: a.u64(abi.ElemFlags),
	}
}

// Encode lays the arguments out.
func (c MapLookupElem) Encode() (a Attr) {
	a.putFD(abi.ElemMapFD, c.FD)
	a.put64(abi.ElemKey, c.Key)
	a.put64(abi.ElemValue, c.Value)
	a.put64(abi.ElemFlags, c.Flags)
	return a
}

// MapUpdateElem sets the value of the key at Key to the one at Value.
type MapUpdateElem MapLookupElem

// Cmd is abi.MapUpdateElem.
func (MapUpdateElem) Cmd() abi.Cmd { return abi.MapUpdateElem }

// Decode reads the arguments out of a.
func (c *MapUpdateElem) Decode(a Fields) { (*MapLookupElem)(c).Decode(a) }

// Encode lays the arguments out.
func (c MapUpdateElem) Encode() Attr { return MapLookupElem(c).Encode() }

// MapLookupAndDeleteElem removes the key at Key and copies the value it had to Value.
type MapLookupAndDeleteElem MapLookupElem

// Cmd is abi.MapLookupAndDeleteElem.
func (MapLookupAndDeleteElem) Cmd() abi.Cmd { return abi.MapLookupAndDeleteElem }

// Decode reads the arguments out of a.
func (c *MapLookupAndDeleteElem) Decode(a Fields) { (*MapLookupElem)(c).Decode(a) }

// Encode lays the arguments out.
func (c MapLookupAndDeleteElem) Encode() Attr { return MapLookupElem(c).Encode() }

// MapDeleteElem removes the key at Key.
type MapDeleteElem struct {
	FD  int32
	Key uint64
}

// Cmd is abi.MapDeleteElem.
func (MapDeleteElem) Cmd() abi.Cmd { return abi.MapDeleteElem }

// Decode reads the arguments out of a.
func (c *MapDeleteElem) Decode(a Fields) {
	*c = MapDeleteElem{FD: a.fd(abi.ElemMapFD), Key: a.u64(abi.ElemKey)}
}

// Encode lays the arguments out.
func (c MapDeleteElem) Encode() (a Attr) {
	a.putFD(abi.ElemMapFD, c.FD)
	a.put64(abi.ElemKey, c.Key)
	return a
}

// MapGetNextKey writes the key that follows the one at Key (0: the first) to NextKey.
type MapGetNextKey struct {
	FD           int32
	Key, NextKey uint64
}

// Cmd is abi.MapGetNextKey.
func (MapGetNextKey) Cmd() abi.Cmd { return abi.MapGetNextKey }

// Decode reads the arguments out of a.
func (c *MapGetNextKey) Decode(a Fields) {
	*c = MapGetNextKey{FD: a.fd(abi.ElemMapFD), Key: a.u64(abi.ElemKey), NextKey: a.u64(abi.ElemValue)}
}

// Encode lays the arguments out.
func (c MapGetNextKey) Encode() (a Attr) {
	a.putFD(abi.ElemMapFD, c.FD)
	a.put64(abi.ElemKey, c.Key)
	a.put64(abi.ElemValue, c.NextKey)
	return a
}

// MapFreeze ends updates through bpf(2).
type MapFreeze struct{ FD int32 }

// Cmd is abi.MapFreeze.
func (MapFreeze) Cmd() abi.Cmd { return abi.MapFreeze }

// Decode reads the arguments out of a.
func (c *MapFreeze) Decode(a Fields) { c.FD = a.fd(abi.ElemMapFD) }

// Encode lays the arguments out.
func (c MapFreeze) Encode() (a Attr) {
	a.putFD(abi.ElemMapFD, c.FD)
	return a
}
