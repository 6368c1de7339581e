package bpfsys

// BTFLoad loads Size bytes of BTF and returns an fd for it. The log goes to LogBuf, and how long it is to btf_log_true_size
// in the caller's attr.
type BTFLoad struct {
	Data        uint64 `attr:"btf"`
	LogBuf      uint64 `attr:"btf_log_buf"`
	Size        uint32 `attr:"btf_size"`     // bytes
	LogSize     uint32 `attr:"btf_log_size"` // bytes
	LogLevel    uint32 `attr:"btf_log_level"`
	LogTrueSize uint32 `attr:"btf_log_true_size"` // bytes; what it held is ignored
	Flags       uint32 `attr:"btf_flags"`
	TokenFD     int32  `attr:"btf_token_fd"`
}

// BTFGetFDByID opens the BTF with an id.
type BTFGetFDByID struct {
	ID        uint32 `attr:"btf_id"`
	NextID    uint32 `attr:"next_id"` // ignored
	OpenFlags uint32 `attr:"open_flags"`
	TokenFD   int32  `attr:"fd_by_id_token_fd"`
}

// BTFGetNextID writes the smallest id above StartID over next_id in the caller's attr; what it held is ignored.
type BTFGetNextID struct {
	StartID uint32 `attr:"start_id"`
	NextID  uint32 `attr:"next_id"`
}
