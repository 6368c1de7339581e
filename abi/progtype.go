package abi

import "strconv"

// ProgType is the prog_type field of ProgLoad (enum bpf_prog_type).
type ProgType uint32

// Program types of Linux 6.18. NumProgTypes is the first number it does not know.
const (
	ProgUnspec                ProgType = 0
	ProgSocketFilter          ProgType = 1
	ProgKprobe                ProgType = 2
	ProgSchedCLS              ProgType = 3
	ProgSchedACT              ProgType = 4
	ProgTracepoint            ProgType = 5
	ProgXDP                   ProgType = 6
	ProgPerfEvent             ProgType = 7
	ProgCgroupSKB             ProgType = 8
	ProgCgroupSock            ProgType = 9
	ProgLWTIn                 ProgType = 10
	ProgLWTOut                ProgType = 11
	ProgLWTXmit               ProgType = 12
	ProgSockOps               ProgType = 13
	ProgSKSKB                 ProgType = 14
	ProgCgroupDevice          ProgType = 15
	ProgSKMsg                 ProgType = 16
	ProgRawTracepoint         ProgType = 17
	ProgCgroupSockAddr        ProgType = 18
	ProgLWTSeg6Local          ProgType = 19
	ProgLIRCMode2             ProgType = 20
	ProgSKReuseport           ProgType = 21
	ProgFlowDissector         ProgType = 22
	ProgCgroupSysctl          ProgType = 23
	ProgRawTracepointWritable ProgType = 24
	ProgCgroupSockopt         ProgType = 25
	ProgTracing               ProgType = 26
	ProgStructOps             ProgType = 27
	ProgExt                   ProgType = 28
	ProgLSM                   ProgType = 29
	ProgSKLookup              ProgType = 30
	ProgSyscall               ProgType = 31
	ProgNetfilter             ProgType = 32
	NumProgTypes              ProgType = 33
)

var progTypeNames = [NumProgTypes]string{
	"UNSPEC", "SOCKET_FILTER", "KPROBE", "SCHED_CLS", "SCHED_ACT", "TRACEPOINT", "XDP", "PERF_EVENT", "CGROUP_SKB",
	"CGROUP_SOCK", "LWT_IN", "LWT_OUT", "LWT_XMIT", "SOCK_OPS", "SK_SKB", "CGROUP_DEVICE", "SK_MSG", "RAW_TRACEPOINT",
	"CGROUP_SOCK_ADDR", "LWT_SEG6LOCAL", "LIRC_MODE2", "SK_REUSEPORT", "FLOW_DISSECTOR", "CGROUP_SYSCTL",
	"RAW_TRACEPOINT_WRITABLE", "CGROUP_SOCKOPT", "TRACING", "STRUCT_OPS", "EXT", "LSM", "SK_LOOKUP", "SYSCALL",
	"NETFILTER",
}

// String is the kernel's name without BPF_PROG_TYPE_, or the number where there is none.
func (t ProgType) String() string {
	if t < NumProgTypes {
		return progTypeNames[t]
	}
	return strconv.FormatUint(uint64(t), 10)
}

// Number is the number in decimal.
func (t ProgType) Number() string { return strconv.FormatUint(uint64(t), 10) }
