package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// MapCreate makes a map and returns an fd for it.
type MapCreate struct {
	Type       abi.MapType
	KeySize    uint32 // bytes
	ValueSize  uint32 // bytes
	MaxEntries uint32
	Flags      uint32
	InnerMapFD int32
	NumaNode   uint32
	// Name ends at its first NUL; without one among the 16 bytes it is invalid.
	Name              [abi.NameLen]byte
	Ifindex           uint32
	BTFFD             int32
	BTFKeyType        uint32
	BTFValueType      uint32
	BTFVmlinuxValue   uint32
	Extra             uint64
	ValueTypeBTFObjFD int32
	TokenFD           int32
	// ExclProgHash is the address of ExclProgHashSize bytes.
	ExclProgHash     uint64
	ExclProgHashSize uint32
}

// NameOf is name as MapCreate takes it, cut to 15 characters.
func NameOf(name string) (n [abi.NameLen]byte) {
	copy(n[:abi.NameLen-1], name)
	return n
}

// Cmd is abi.MapCreate.
func (MapCreate) Cmd() abi.Cmd { return abi.MapCreate }

// Decode reads the arguments out of a.
func (c *MapCreate) Decode(a Fields) {
	*c = MapCreate{
		Type:              abi.MapType(a.u32(abi.CreateMapType)),
		KeySize:           a.u32(abi.CreateKeySize),
		ValueSize:         a.u32(abi.CreateValueSize),
		MaxEntries:        a.u32(abi.CreateMaxEntries),
		Flags:             a.u32(abi.CreateMapFlags),
		InnerMapFD:        a.fd(abi.CreateInnerMapFD),
		NumaNode:          a.u32(abi.CreateNumaNode),
		Name:              [abi.NameLen]byte(a[abi.CreateMapName:]),
		Ifindex:           a.u32(abi.CreateMapIfindex),
		BTFFD:             a.fd(abi.CreateBTFFD),
		BTFKeyType:        a.u32(abi.CreateBTFKeyTypeID),
		BTFValueType:      a.u32(abi.CreateBTFValueTypeID),
		BTFVmlinuxValue:   a.u32(abi.CreateBTFVmlinuxValueTID),
		Extra:             a.u64(abi.CreateMapExtra),
		ValueTypeBTFObjFD: a.fd(abi.CreateValueTypeBTFObjFD),
		TokenFD:           a.fd(abi.CreateMapTokenFD),
		ExclProgHash:      a.u64(abi.CreateExclProgHash),
		ExclProgHashSize:  a.u32(abi.CreateExclProgHashSize),
	}
}

// Encode lays the arguments out.
func (c MapCreate) Encode() (a Attr) {
	a.put32(abi.CreateMapType, uint32(c.Type))
	a.put32(abi.CreateKeySize, c.KeySize)
	a.put32(abi.CreateValueSize, c.ValueSize)
	a.put32(abi.CreateMaxEntries, c.MaxEntries)
	a.put32(abi.CreateMapFlags, c.Flags)
	a.putFD(abi.CreateInnerMapFD, c.InnerMapFD)
	a.put32(abi.CreateNumaNode, c.NumaNode)
	copy(a[abi.CreateMapName:], c.Name[:])
	a.put32(abi.CreateMapIfindex, c.Ifindex)
	a.putFD(abi.CreateBTFFD, c.BTFFD)
	a.put32(abi.CreateBTFKeyTypeID, c.BTFKeyType)
	a.put32(abi.CreateBTFValueTypeID, c.BTFValueType)
	a.put32(abi.CreateBTFVmlinuxValueTID, c.BTFVmlinuxValue)
	a.put64(abi.CreateMapExtra, c.Extra)
	a.putFD(abi.CreateValueTypeBTFObjFD, c.ValueTypeBTFObjFD)
	a.putFD(abi.CreateMapTokenFD, c.TokenFD)
	a.put64(abi.CreateExclProgHash, c.ExclProgHash)
	a.put32(abi.CreateExclProgHashSize, c.ExclProgHashSize)
	return a
}
