package bpfsys

// ObjPin links the object behind FD at the path at Pathname.
type ObjPin struct {
	Pathname uint64 `attr:"pathname"`
	FD       int32  `attr:"bpf_fd"`
	Flags    uint32 `attr:"file_flags"`
	PathFD   int32  `attr:"path_fd"`
}

// ObjGet opens the object pinned at the path at Pathname; FD must be 0.
type ObjGet ObjPin

// ObjGetInfoByFD writes up to InfoLen bytes of struct bpf_map_info to Info and their number over InfoLen in the
// caller's attr.
type ObjGetInfoByFD struct {
	FD      int32  `attr:"bpf_fd"`
	InfoLen uint32 `attr:"info_len"`
	Info    uint64 `attr:"info"`
}

// MapGetNextID writes the smallest id above StartID over next_id in the caller's attr; what it held is ignored.
type MapGetNextID struct {
	StartID uint32 `attr:"start_id"`
	NextID  uint32 `attr:"next_id"`
}

// MapGetFDByID opens the map with an id.
type MapGetFDByID struct {
	ID        uint32 `attr:"map_id"`
	NextID    uint32 `attr:"next_id"` // ignored
	OpenFlags uint32 `attr:"open_flags"`
}
