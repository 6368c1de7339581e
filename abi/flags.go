package abi

// Flags of MapCreate (map_flags); FlagReadOnly and FlagWriteOnly also restrict fds in ObjGet and MapGetFDByID.
const (
	FlagNoPrealloc    uint32 = 1 << 0
	FlagNoCommonLRU   uint32 = 1 << 1
	FlagNUMANode      uint32 = 1 << 2
	FlagReadOnly      uint32 = 1 << 3
	FlagWriteOnly     uint32 = 1 << 4
	FlagStackBuildID  uint32 = 1 << 5
	FlagZeroSeed      uint32 = 1 << 6
	FlagReadOnlyProg  uint32 = 1 << 7
	FlagWriteOnlyProg uint32 = 1 << 8
	FlagClone         uint32 = 1 << 9
	FlagMmapable      uint32 = 1 << 10
	FlagPreserveElems uint32 = 1 << 11
	FlagInnerMap      uint32 = 1 << 12
	FlagLink          uint32 = 1 << 13
	FlagPathFD        uint32 = 1 << 14 // ObjPin, ObjGet: path_fd holds a directory
	FlagVTypeBTFObjFD uint32 = 1 << 15 // the BTF of a STRUCT_OPS value is in an fd
	FlagTokenFD       uint32 = 1 << 16
	FlagSegvOnFault   uint32 = 1 << 17
	FlagNoUserConv    uint32 = 1 << 18
)

// Flags of element operations.
const (
	Any     uint64 = 0
	NoExist uint64 = 1
	Exist   uint64 = 2
	Lock    uint64 = 4
)

// Flags of bpf_get_stackid; the number of frames to skip is in the lowest byte.
const (
	StackSkipMask    uint64 = 0xff
	StackUser        uint64 = 1 << 8
	StackFastCompare uint64 = 1 << 9
	StackReuseID     uint64 = 1 << 10
)

// DumpBucket (BPF_F_DUMP_BUCKET) makes MapDumpJuly and MapDumpAndDelete copy whole buckets, each atomically: this
// project's answer to the reviewers of 2019 who asked for a walk with guarantees.
const DumpBucket uint64 = 1 << 16

// AnyNode as numa_node means "no node", with and without FlagNUMANode.
const AnyNode uint32 = 0xffffffff
