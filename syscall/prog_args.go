package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// ProgLoad loads a program.
type ProgLoad struct {
	Type            abi.ProgType      `attr:"prog_type"`
	InsnCnt         uint32            `attr:"insn_cnt"`
	Insns           uint64            `attr:"insns"`   // address of InsnCnt instructions of 8 bytes
	License         uint64            `attr:"license"` // address of a string
	LogLevel        uint32            `attr:"log_level"`
	LogSize         uint32            `attr:"log_size"` // bytes
	LogBuf          uint64            `attr:"log_buf"`
	Flags           uint32            `attr:"prog_flags"`
	Name            [abi.NameLen]byte `attr:"prog_name"`
	Ifindex         uint32            `attr:"prog_ifindex"`
	AttachType      abi.AttachType    `attr:"expected_attach_type"`
	BTFFD           int32             `attr:"prog_btf_fd"`
	FuncInfoRecSize uint32            `attr:"func_info_rec_size"` // bytes
	FuncInfo        uint64            `attr:"func_info"`          // address of FuncInfoCnt records
	FuncInfoCnt     uint32            `attr:"func_info_cnt"`
	LineInfoRecSize uint32            `attr:"line_info_rec_size"` // bytes
	LineInfo        uint64            `attr:"line_info"`          // address of LineInfoCnt records
	LineInfoCnt     uint32            `attr:"line_info_cnt"`
	AttachBTFID     uint32            `attr:"attach_btf_id"`
	AttachProgFD    int32             `attr:"attach_prog_fd"` // or of a BTF
	CoreReloCnt     uint32            `attr:"core_relo_cnt"`
	FDArray         uint64            `attr:"fd_array"`           // address of FDArrayCnt fds of 4 bytes
	CoreRelos       uint64            `attr:"core_relos"`         // address of CoreReloCnt records
	CoreReloRecSize uint32            `attr:"core_relo_rec_size"` // bytes
	LogTrueSize     uint32            `attr:"log_true_size"`      // bytes; what it held is ignored
	TokenFD         int32             `attr:"prog_token_fd"`
	FDArrayCnt      uint32            `attr:"fd_array_cnt"`
	Signature       uint64            `attr:"signature"`
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

// ProgBindMap adds a map to those that a program holds.
type ProgBindMap struct {
	ProgFD int32  `attr:"prog_fd"`
	MapFD  int32  `attr:"map_fd"`
	Flags  uint32 `attr:"flags"`
}

// ProgTestRun runs a program on data and a context, and writes over RetVal, Duration and the sizes of the output in the caller's attr.
type ProgTestRun struct {
	ProgFD      int32  `attr:"prog_fd"`
	RetVal      uint32 `attr:"retval"`
	DataSizeIn  uint32 `attr:"data_size_in"`  // bytes
	DataSizeOut uint32 `attr:"data_size_out"` // bytes
	DataIn      uint64 `attr:"data_in"`
	DataOut     uint64 `attr:"data_out"`
	Repeat      uint32 `attr:"repeat"`
	Duration    uint32 `attr:"duration"`     // ns, of one run
	CtxSizeIn   uint32 `attr:"ctx_size_in"`  // bytes
	CtxSizeOut  uint32 `attr:"ctx_size_out"` // bytes
	CtxIn       uint64 `attr:"ctx_in"`
	CtxOut      uint64 `attr:"ctx_out"`
	Flags       uint32 `attr:"flags"`
	CPU         uint32 `attr:"cpu"`
	BatchSize   uint32 `attr:"batch_size"`
}
