package abi

import "strconv"

// AttachType is where a program is attached (enum bpf_attach_type).
type AttachType uint32

// Attach types of Linux 6.18. NumAttachTypes is the first number it does not know.
const (
	AttachCgroupInetIngress          AttachType = 0
	AttachCgroupInetEgress           AttachType = 1
	AttachCgroupInetSockCreate       AttachType = 2
	AttachCgroupSockOps              AttachType = 3
	AttachSKSKBStreamParser          AttachType = 4
	AttachSKSKBStreamVerdict         AttachType = 5
	AttachCgroupDevice               AttachType = 6
	AttachSKMsgVerdict               AttachType = 7
	AttachCgroupInet4Bind            AttachType = 8
	AttachCgroupInet6Bind            AttachType = 9
	AttachCgroupInet4Connect         AttachType = 10
	AttachCgroupInet6Connect         AttachType = 11
	AttachCgroupInet4PostBind        AttachType = 12
	AttachCgroupInet6PostBind        AttachType = 13
	AttachCgroupUDP4Sendmsg          AttachType = 14
	AttachCgroupUDP6Sendmsg          AttachType = 15
	AttachLIRCMode2                  AttachType = 16
	AttachFlowDissector              AttachType = 17
	AttachCgroupSysctl               AttachType = 18
	AttachCgroupUDP4Recvmsg          AttachType = 19
	AttachCgroupUDP6Recvmsg          AttachType = 20
	AttachCgroupGetsockopt           AttachType = 21
	AttachCgroupSetsockopt           AttachType = 22
	AttachTraceRawTP                 AttachType = 23
	AttachTraceFEntry                AttachType = 24
	AttachTraceFExit                 AttachType = 25
	AttachModifyReturn               AttachType = 26
	AttachLSMMac                     AttachType = 27
	AttachTraceIter                  AttachType = 28
	AttachCgroupInet4Getpeername     AttachType = 29
	AttachCgroupInet6Getpeername     AttachType = 30
	AttachCgroupInet4Getsockname     AttachType = 31
	AttachCgroupInet6Getsockname     AttachType = 32
	AttachXDPDevMap                  AttachType = 33
	AttachCgroupInetSockRelease      AttachType = 34
	AttachXDPCPUMap                  AttachType = 35
	AttachSKLookup                   AttachType = 36
	AttachXDP                        AttachType = 37
	AttachSKSKBVerdict               AttachType = 38
	AttachSKReuseportSelect          AttachType = 39
	AttachSKReuseportSelectOrMigrate AttachType = 40
	AttachPerfEvent                  AttachType = 41
	AttachTraceKprobeMulti           AttachType = 42
	AttachLSMCgroup                  AttachType = 43
	AttachStructOps                  AttachType = 44
	AttachNetfilter                  AttachType = 45
	AttachTCXIngress                 AttachType = 46
	AttachTCXEgress                  AttachType = 47
	AttachTraceUprobeMulti           AttachType = 48
	AttachCgroupUnixConnect          AttachType = 49
	AttachCgroupUnixSendmsg          AttachType = 50
	AttachCgroupUnixRecvmsg          AttachType = 51
	AttachCgroupUnixGetpeername      AttachType = 52
	AttachCgroupUnixGetsockname      AttachType = 53
	AttachNetkitPrimary              AttachType = 54
	AttachNetkitPeer                 AttachType = 55
	AttachTraceKprobeSession         AttachType = 56
	AttachTraceUprobeSession         AttachType = 57
	NumAttachTypes                   AttachType = 58
)

var attachTypeNames = [NumAttachTypes]string{
	"CGROUP_INET_INGRESS", "CGROUP_INET_EGRESS", "CGROUP_INET_SOCK_CREATE", "CGROUP_SOCK_OPS",
	"SK_SKB_STREAM_PARSER", "SK_SKB_STREAM_VERDICT", "CGROUP_DEVICE", "SK_MSG_VERDICT", "CGROUP_INET4_BIND",
	"CGROUP_INET6_BIND", "CGROUP_INET4_CONNECT", "CGROUP_INET6_CONNECT", "CGROUP_INET4_POST_BIND",
	"CGROUP_INET6_POST_BIND", "CGROUP_UDP4_SENDMSG", "CGROUP_UDP6_SENDMSG", "LIRC_MODE2", "FLOW_DISSECTOR",
	"CGROUP_SYSCTL", "CGROUP_UDP4_RECVMSG", "CGROUP_UDP6_RECVMSG", "CGROUP_GETSOCKOPT", "CGROUP_SETSOCKOPT",
	"TRACE_RAW_TP", "TRACE_FENTRY", "TRACE_FEXIT", "MODIFY_RETURN", "LSM_MAC", "TRACE_ITER",
	"CGROUP_INET4_GETPEERNAME", "CGROUP_INET6_GETPEERNAME", "CGROUP_INET4_GETSOCKNAME", "CGROUP_INET6_GETSOCKNAME",
	"XDP_DEVMAP", "CGROUP_INET_SOCK_RELEASE", "XDP_CPUMAP", "SK_LOOKUP", "XDP", "SK_SKB_VERDICT",
	"SK_REUSEPORT_SELECT", "SK_REUSEPORT_SELECT_OR_MIGRATE", "PERF_EVENT", "TRACE_KPROBE_MULTI", "LSM_CGROUP",
	"STRUCT_OPS", "NETFILTER", "TCX_INGRESS", "TCX_EGRESS", "TRACE_UPROBE_MULTI", "CGROUP_UNIX_CONNECT",
	"CGROUP_UNIX_SENDMSG", "CGROUP_UNIX_RECVMSG", "CGROUP_UNIX_GETPEERNAME", "CGROUP_UNIX_GETSOCKNAME",
	"NETKIT_PRIMARY", "NETKIT_PEER", "TRACE_KPROBE_SESSION", "TRACE_UPROBE_SESSION",
}

// String is the kernel's name without BPF_, or the number where there is none.
func (t AttachType) String() string {
	if t < NumAttachTypes {
		return attachTypeNames[t]
	}
	return strconv.FormatUint(uint64(t), 10)
}
