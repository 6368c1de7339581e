package abi

// AttrSize is sizeof(union bpf_attr) in Linux 6.18, measured: the first byte past it must be zero.
const AttrSize = 168

// MaxAttrSize is the largest size argument that bpf(2) looks at: a page.
const MaxAttrSize = 4096

// MapInfoSize is sizeof(struct bpf_map_info), MapInfoEnd the end of its last field (4 bytes of padding follow).
const (
	MapInfoSize = 104
	MapInfoEnd  = 100
)

// NameLen is BPF_OBJ_NAME_LEN: 15 characters and a NUL.
const NameLen = 16

// Where the fields of the commands on maps lie in attr; mapFields has their names and sizes.

// Offsets in the attr of MapCreate.
const (
	CreateMapType            = 0
	CreateKeySize            = 4
	CreateValueSize          = 8
	CreateMaxEntries         = 12
	CreateMapFlags           = 16
	CreateInnerMapFD         = 20
	CreateNumaNode           = 24
	CreateMapName            = 28
	CreateMapIfindex         = 44
	CreateBTFFD              = 48
	CreateBTFKeyTypeID       = 52
	CreateBTFValueTypeID     = 56
	CreateBTFVmlinuxValueTID = 60
	CreateMapExtra           = 64
	CreateValueTypeBTFObjFD  = 72
	CreateMapTokenFD         = 76
	CreateExclProgHash       = 80
	CreateExclProgHashSize   = 88
)

// Offsets in the attr of the element commands (and of MapFreeze: map_fd).
const (
	ElemMapFD = 0
	ElemKey   = 8
	ElemValue = 16 // next_key in MapGetNextKey
	ElemFlags = 24
)

// Offsets in the attr of the batch commands.
const (
	BatchIn        = 0
	BatchOut       = 8
	BatchKeys      = 16
	BatchValues    = 24
	BatchCount     = 32
	BatchMapFD     = 36
	BatchElemFlags = 40
	BatchFlags     = 48
)

// Offsets in the attr of ObjPin and ObjGet.
const (
	ObjPathname  = 0
	ObjBPFFD     = 8
	ObjFileFlags = 12
	ObjPathFD    = 16
)

// Offsets in the attr of ObjGetInfoByFD.
const (
	InfoBPFFD = 0
	InfoLen   = 4
	InfoPtr   = 8
)

// Offsets in the attr of MapGetNextID and MapGetFDByID.
const (
	IDStart     = 0
	IDNext      = 4
	IDOpenFlags = 8
)

// Offsets in the attr of BTFLoad. BTFGetFDByID has its token behind IDOpenFlags.
const (
	BTFLoadData     = 0
	BTFLoadLogBuf   = 8
	BTFLoadSize     = 16
	BTFLoadLogSize  = 20
	BTFLoadLogLevel = 24
	BTFLoadTrueSize = 28
	BTFLoadFlags    = 32
	BTFLoadTokenFD  = 36
	IDTokenFD       = 12
)

// Offsets in the attr of MapDump, as the RFC v3 mail declares it.
const (
	DumpMapFD   = 0
	DumpPrevKey = 8
	DumpBuf     = 16
	DumpBufLen  = 24 // address of a u32: in, bytes of room; out, bytes filled
	DumpFlags   = 32
)

// Offsets in the attr of MapDumpJuly and MapDumpAndDelete, the July layout.
const (
	JulyPrevKey = 0
	JulyBuf     = 8
	JulyBufLen  = 16 // as DumpBufLen
	JulyFlags   = 24
	JulyMapFD   = 32
)

// Offsets in struct bpf_map_info.
const (
	MapInfoType         = 0
	MapInfoID           = 4
	MapInfoKeySize      = 8
	MapInfoValueSize    = 12
	MapInfoMaxEntries   = 16
	MapInfoMapFlags     = 20
	MapInfoName         = 24
	MapInfoBTFVmlinuxVT = 44
	MapInfoBTFID        = 64
	MapInfoBTFKeyType   = 68
	MapInfoBTFValueType = 72
	MapInfoBTFVmlinux   = 76
	MapInfoMapExtra     = 80
	MapInfoHash         = 88
	MapInfoHashSize     = 96
)

// Offsets in struct bpf_btf_info, and its size.
const (
	BTFInfoData      = 0
	BTFInfoDataSize  = 8
	BTFInfoID        = 12
	BTFInfoName      = 16
	BTFInfoNameLen   = 24
	BTFInfoKernelBTF = 28
	BTFInfoSize      = 32
)

// Offsets in the attr of ProgLoad.
const (
	ProgLoadType        = 0
	ProgLoadInsnCnt     = 4
	ProgLoadInsns       = 8
	ProgLoadLicense     = 16
	ProgLoadLogLevel    = 24
	ProgLoadLogSize     = 28
	ProgLoadLogBuf      = 32
	ProgLoadFlags       = 44
	ProgLoadName        = 48
	ProgLoadIfindex     = 64
	ProgLoadAttachType  = 68
	ProgLoadBTFFD       = 72
	ProgLoadFuncInfoCnt = 88
	ProgLoadLineInfoCnt = 104
	ProgLoadAttachBTFID = 108
	ProgLoadAttachFD    = 112
	ProgLoadCoreReloCnt = 116
	ProgLoadFDArray     = 120
	ProgLoadTrueSize    = 140
	ProgLoadTokenFD     = 144
	ProgLoadFDArrayCnt  = 148
	ProgLoadSignature   = 152
)

// Offsets in struct bpf_prog_info, the end of its last field (4 bytes of padding follow), and its size.
const (
	ProgInfoType                 = 0
	ProgInfoID                   = 4
	ProgInfoTag                  = 8
	ProgInfoJitedLen             = 16
	ProgInfoXlatedLen            = 20
	ProgInfoJited                = 24
	ProgInfoXlated               = 32
	ProgInfoLoadTime             = 40 // ns since boot
	ProgInfoUID                  = 48
	ProgInfoNrMapIDs             = 52
	ProgInfoMapIDs               = 56
	ProgInfoName                 = 64
	ProgInfoIfindex              = 80
	ProgInfoGPL                  = 84 // a bit
	ProgInfoNrJitedKsyms         = 104
	ProgInfoNrJitedFuncLens      = 108
	ProgInfoJitedKsyms           = 112
	ProgInfoJitedFuncLens        = 120
	ProgInfoBTFID                = 128
	ProgInfoFuncInfoRecSize      = 132
	ProgInfoFuncInfo             = 136
	ProgInfoNrFuncInfo           = 144
	ProgInfoNrLineInfo           = 148
	ProgInfoLineInfo             = 152
	ProgInfoJitedLineInfo        = 160
	ProgInfoNrJitedLineInfo      = 168
	ProgInfoLineInfoRecSize      = 172
	ProgInfoJitedLineInfoRecSize = 176
	ProgInfoNrTags               = 180
	ProgInfoTags                 = 184
	ProgInfoRunTime              = 192 // ns
	ProgInfoRunCount             = 200
	ProgInfoRecursionMisses      = 208
	ProgInfoVerifiedInsns        = 216
	ProgInfoAttachBTFObjID       = 220
	ProgInfoAttachBTFID          = 224
	ProgInfoEnd                  = 228
	ProgInfoSize                 = 232
)

// Offsets in the attr of LinkCreate: behind the flags lies what the kind of link asks for.
const (
	LinkCreateProgFD      = 0 // map_fd of one for STRUCT_OPS
	LinkCreateTarget      = 4 // an fd or the index of a network device
	LinkCreateAttachType  = 8
	LinkCreateFlags       = 12
	LinkTargetBTFID       = 16 // tracing
	LinkTracingCookie     = 24
	LinkIterInfo          = 16
	LinkIterInfoLen       = 24
	LinkPerfCookie        = 16
	LinkKprobeFlags       = 16
	LinkKprobeCount       = 20
	LinkKprobeSyms        = 24
	LinkKprobeAddrs       = 32
	LinkKprobeCookies     = 40
	LinkNetfilterFamily   = 16
	LinkNetfilterHook     = 20
	LinkNetfilterPriority = 24
	LinkNetfilterFlags    = 28
	LinkRelative          = 16 // TCX, netkit and cgroup: an fd or an id
	LinkExpectedRevision  = 24
	LinkUprobePath        = 16
	LinkUprobeOffsets     = 24
	LinkUprobeRefCtrs     = 32
	LinkUprobeCookies     = 40
	LinkUprobeCount       = 48
	LinkUprobeFlags       = 52
	LinkUprobePID         = 56
	LinkCreateEnd         = 60
)

// Offsets in struct bpf_link_info, and its size. Behind the head lies what the kind of link tells of.
const (
	LinkInfoType   = 0
	LinkInfoID     = 4
	LinkInfoProgID = 8
	LinkInfoKind   = 16
	LinkInfoPerf   = 24 // what the kind of a perf event has
	LinkInfoSize   = 64
)
