package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// ProgLoad loads a program. The fields that need BTF beyond being there are not named here.
type ProgLoad struct {
	Type         abi.ProgType      `attr:"prog_type"`
	InsnCnt      uint32            `attr:"insn_cnt"`
	Insns        uint64            `attr:"insns"`   // address of InsnCnt instructions of 8 bytes
	License      uint64            `attr:"license"` // address of a string
	LogLevel     uint32            `attr:"log_level"`
	LogSize      uint32            `attr:"log_size"`
	LogBuf       uint64            `attr:"log_buf"`
	Flags        uint32            `attr:"prog_flags"`
	Name         [abi.NameLen]byte `attr:"prog_name"`
	Ifindex      uint32            `attr:"prog_ifindex"`
	AttachType   abi.AttachType    `attr:"expected_attach_type"`
	BTFFD        int32             `attr:"prog_btf_fd"`
	FuncInfoCnt  uint32            `attr:"func_info_cnt"`
	LineInfoCnt  uint32            `attr:"line_info_cnt"`
	AttachBTFID  uint32            `attr:"attach_btf_id"`
	AttachProgFD int32             `attr:"attach_prog_fd"`
	FDArray      uint64            `attr:"fd_array"` // address of FDArrayCnt fds of 4 bytes
	TokenFD      int32             `attr:"prog_token_fd"`
	FDArrayCnt   uint32            `attr:"fd_array_cnt"`
	Signature    uint64            `attr:"signature"`
}

// ProgGetNextID writes the smallest id above StartID over next_id in the caller's attr; what it held is ignored.
type ProgGetNextID struct {
	StartID uint32 `attr:"start_id"`
	NextID  uint32 `attr:"next_id"`
}

// ProgGetFDByID opens the program with an id.
type ProgGetFDByID struct {
	ID uint32 `attr:"prog_id"`
}
