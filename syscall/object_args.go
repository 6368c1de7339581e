package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// ObjPin links the map behind FD at the path at Pathname.
type ObjPin struct {
	Pathname uint64
	FD       int32
	Flags    uint32
	PathFD   int32
}

// Cmd is abi.ObjPin.
func (ObjPin) Cmd() abi.Cmd { return abi.ObjPin }

// Decode reads the arguments out of a.
func (c *ObjPin) Decode(a Fields) {
	*c = ObjPin{
		Pathname: a.u64(abi.ObjPathname), FD: a.fd(abi.ObjBPFFD), Flags: a.u32(abi.ObjFileFlags), PathFD: a.fd(abi.ObjPathFD),
	}
}

// Encode lays the arguments out.
func (c ObjPin) Encode() (a Attr) {
	a.put64(abi.ObjPathname, c.Pathname)
	a.putFD(abi.ObjBPFFD, c.FD)
	a.put32(abi.ObjFileFlags, c.Flags)
	a.putFD(abi.ObjPathFD, c.PathFD)
	return a
}

// ObjGet opens the map pinned at the path at Pathname; FD must be 0.
type ObjGet ObjPin

// Cmd is abi.ObjGet.
func (ObjGet) Cmd() abi.Cmd { return abi.ObjGet }

// Decode reads the arguments out of a.
func (c *ObjGet) Decode(a Fields) { (*ObjPin)(c).Decode(a) }

// Encode lays the arguments out.
func (c ObjGet) Encode() Attr { return ObjPin(c).Encode() }

// ObjGetInfoByFD writes up to InfoLen bytes of struct bpf_map_info to Info and their number over InfoLen in the
// caller's attr.
type ObjGetInfoByFD struct {
	FD      int32
	InfoLen uint32
	Info    uint64
}

// Cmd is abi.ObjGetInfoByFD.
func (ObjGetInfoByFD) Cmd() abi.Cmd { return abi.ObjGetInfoByFD }

// Decode reads the arguments out of a.
func (c *ObjGetInfoByFD) Decode(a Fields) {
	*c = ObjGetInfoByFD{FD: a.fd(abi.InfoBPFFD), InfoLen: a.u32(abi.InfoLen), Info: a.u64(abi.InfoPtr)}
}

// Encode lays the arguments out.
func (c ObjGetInfoByFD) Encode() (a Attr) {
	a.putFD(abi.InfoBPFFD, c.FD)
	a.put32(abi.InfoLen, c.InfoLen)
	a.put64(abi.InfoPtr, c.Info)
	return a
}

// MapGetNextID writes the smallest id above StartID over next_id in the caller's attr; what it held is ignored.
type MapGetNextID struct {
	StartID uint32
	NextID  uint32
}

// Cmd is abi.MapGetNextID.
func (MapGetNextID) Cmd() abi.Cmd { return abi.MapGetNextID }

// Decode reads the arguments out of a.
func (c *MapGetNextID) Decode(a Fields) {
	*c = MapGetNextID{StartID: a.u32(abi.IDStart), NextID: a.u32(abi.IDNext)}
}

// Encode lays the arguments out.
func (c MapGetNextID) Encode() (a Attr) {
	a.put32(abi.IDStart, c.StartID)
	a.put32(abi.IDNext, c.NextID)
	return a
}

// MapGetFDByID opens the map with an id.
type MapGetFDByID struct {
	ID        uint32
	NextID    uint32 // ignored
	OpenFlags uint32
}

// Cmd is abi.MapGetFDByID.
func (MapGetFDByID) Cmd() abi.Cmd { return abi.MapGetFDByID }

// Decode reads the arguments out of a.
func (c *MapGetFDByID) Decode(a Fields) {
	*c = MapGetFDByID{ID: a.u32(abi.IDStart), NextID: a.u32(abi.IDNext), OpenFlags: a.u32(abi.IDOpenFlags)}
}

// Encode lays the arguments out.
func (c MapGetFDByID) Encode() (a Attr) {
	a.put32(abi.IDStart, c.ID)
	a.put32(abi.IDNext, c.NextID)
	a.put32(abi.IDOpenFlags, c.OpenFlags)
	return a
}
