package abi

// PerfType is the type of a perf event (enum perf_type_id in linux/perf_event.h). Those from PerfTypeMax on are given to
// drivers at run time.
type PerfType uint32

// The types of perf events.
const (
	PerfHardware   PerfType = 0
	PerfSoftware   PerfType = 1
	PerfTracepoint PerfType = 2
	PerfHWCache    PerfType = 3
	PerfRaw        PerfType = 4
	PerfBreakpoint PerfType = 5
	PerfTypeMax    PerfType = 6
)

// PerfCurrentCPU names, in the flags of the helpers on perf events, the event at the index of the program's CPU (BPF_F_CURRENT_CPU).
const PerfCurrentCPU = 1<<32 - 1

// The numbers of software events (enum perf_sw_ids).
const (
	PerfCPUClock    = 0
	PerfTaskClock   = 1
	PerfDummy       = 9
	PerfBPFOutput   = 10
	PerfSoftwareMax = 12
)

// Sizes of struct perf_event_attr: the first and that of 6.18, in bytes.
const (
	PerfAttrVer0 = 64
	PerfAttrSize = 136
)

// Places of fields of struct perf_event_attr, in bytes.
const (
	PerfAttrType         = 0
	PerfAttrSizeField    = 4
	PerfAttrConfig       = 8
	PerfAttrPeriod       = 16
	PerfAttrSampleType   = 24
	PerfAttrReadFormat   = 32
	PerfAttrBits         = 40
	PerfAttrWakeup       = 48
	PerfAttrConfig1      = 56
	PerfAttrConfig2      = 64
	PerfAttrClockID      = 92
	PerfAttrReserved2    = 110
	PerfAttrAuxAction    = 116
	PerfAttrProbeRetBit  = 1  // of config: the probe is on the return
	PerfAttrRefCtrShift  = 32 // of config: where a uprobe's ref_ctr_offset begins
	PerfSampleTypesEnd   = 1 << 25
	PerfReadFormatsEnd   = 1 << 5
	PerfLargestFrequency = 100000 // kernel.perf_event_max_sample_rate as it starts
)

// Bits of struct perf_event_attr.
const (
	PerfBitDisabled      = 1 << 0
	PerfBitInherit       = 1 << 1
	PerfBitPinned        = 1 << 2
	PerfBitExclusive     = 1 << 3
	PerfBitExcludeKernel = 1 << 5
	PerfBitFreq          = 1 << 10
	PerfBitEnableOnExec  = 1 << 12
	PerfBitWatermark     = 1 << 14
	PerfBitSampleIDAll   = 1 << 18
	PerfBitNoUserChain   = 1 << 22 // exclude_callchain_user
	PerfBitUseClockID    = 1 << 25
	PerfBitWriteBackward = 1 << 27
	PerfBitAuxOutput     = 1 << 31
	PerfBitInheritThread = 1 << 35
	PerfBitRemoveOnExec  = 1 << 36
	PerfBitSigtrap       = 1 << 37
	PerfBitsEnd          = 1 << 38
)

// What a sample may say (enum perf_event_sample_format), of what records here can have.
const (
	PerfSampleIP         = 1 << 0
	PerfSampleTID        = 1 << 1
	PerfSampleTime       = 1 << 2
	PerfSampleAddr       = 1 << 3
	PerfSampleID         = 1 << 6
	PerfSampleCPU        = 1 << 7
	PerfSamplePeriod     = 1 << 8
	PerfSampleStreamID   = 1 << 9
	PerfSampleRaw        = 1 << 10
	PerfSampleStackUser  = 1 << 13
	PerfSampleIdentifier = 1 << 16
)

// Flags of perf_event_open(2).
const (
	PerfFlagNoGroup   = 1 << 0
	PerfFlagOutput    = 1 << 1
	PerfFlagPIDCgroup = 1 << 2
	PerfFlagCloexec   = 1 << 3
	PerfFlagsEnd      = 1 << 4
)

// Offsets of the arguments of PerfEventOpen and PerfIoctl, as programs of calls have them.
const (
	PerfOpenAttr     = 0
	PerfOpenPID      = 8
	PerfOpenCPU      = 12
	PerfOpenGroup    = 16
	PerfOpenFlags    = 24
	PerfIoctlFD      = 0
	PerfIoctlRequest = 4
	PerfIoctlArg     = 8
)

// PerfRequest is a request of ioctl(2) on a perf event.
type PerfRequest uint32

// The requests.
const (
	PerfEnable           PerfRequest = 0x2400
	PerfDisable          PerfRequest = 0x2401
	PerfRefresh          PerfRequest = 0x2402
	PerfReset            PerfRequest = 0x2403
	PerfSetOutput        PerfRequest = 0x2405
	PerfPeriod           PerfRequest = 0x40082404
	PerfSetFilter        PerfRequest = 0x40082406
	PerfID               PerfRequest = 0x80082407
	PerfSetBPF           PerfRequest = 0x40042408
	PerfPauseOutput      PerfRequest = 0x40042409
	PerfQueryBPF         PerfRequest = 0xc008240a
	PerfModifyAttributes PerfRequest = 0x4008240b
)

// Records in a perf buffer: their types, and what the kernel says it was doing (PERF_RECORD_MISC_KERNEL).
const (
	PerfRecordLost   = 2
	PerfRecordSample = 9
	PerfMiscKernel   = 1
)
