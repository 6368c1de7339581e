package abi

// NetlinkType is the type of a message of rtnetlink(7).
type NetlinkType uint16

// The types that have to do with programs (linux/netlink.h, linux/rtnetlink.h).
const (
	NetlinkNoop  NetlinkType = 1
	NetlinkError NetlinkType = 2
	NetlinkDone  NetlinkType = 3
	NewLink      NetlinkType = 16
	GetLink      NetlinkType = 18
	SetLink      NetlinkType = 19
	NewQdisc     NetlinkType = 36
	DelQdisc     NetlinkType = 37
	GetQdisc     NetlinkType = 38
	NewTFilter   NetlinkType = 44
	DelTFilter   NetlinkType = 45
	GetTFilter   NetlinkType = 46
)

// Flags of messages.
const (
	NetlinkRequest = 0x1
	NetlinkMulti   = 0x2
	NetlinkAck     = 0x4
	NetlinkEcho    = 0x8
	NetlinkReplace = 0x100
	NetlinkExcl    = 0x200
	NetlinkCreate  = 0x400
	NetlinkDump    = 0x300
	NetlinkCapped  = 0x100 // of an error: the request is not repeated in it
	NetlinkTexts   = 0x200 // of an error: attributes say more
	NetlinkText    = 1     // such an attribute, with a text
)

// Sizes in bytes: the header of a message, that of an attribute, struct ifinfomsg and struct tcmsg.
const (
	NetlinkHeader = 16
	NetlinkAttr   = 4
	LinkMessage   = 16
	TCMessage     = 20
)

// Attributes of devices, and of IFLA_XDP within them (linux/if_link.h).
const (
	LinkIfName      = 3
	LinkXDPAttr     = 43
	XDPFD           = 1
	XDPAttached     = 2
	XDPFlags        = 3
	XDPProgID       = 4
	XDPDrvProgID    = 5
	XDPSKBProgID    = 6
	XDPExpectedFD   = 8
	XDPAttachedDrv  = 1
	XDPAttachedSKB  = 2
	XDPUpdateAbsent = 1 << 0 // a flag, XDP_FLAGS_UPDATE_IF_NOEXIST
	XDPReplace      = 1 << 4 // XDP_FLAGS_REPLACE
)

// Attributes of queueing disciplines and filters (linux/rtnetlink.h), and of those of kind "bpf" (linux/pkt_cls.h).
const (
	TCKind        = 1
	TCOptions     = 2
	TCChain       = 11
	TCBPFOps      = 5
	TCBPFFD       = 6
	TCBPFName     = 7
	TCBPFFlags    = 8
	TCBPFGenFlags = 9
	TCBPFTag      = 10
	TCBPFID       = 11
	TCBPFDirect   = 1 // a flag, TCA_BPF_FLAG_ACT_DIRECT
)

// Parents of filters and of the discipline "clsact" (linux/pkt_sched.h).
const (
	ClsactParent  = 0xfffffff1
	ClsactHandle  = 0xffff0000
	ClsactIngress = 0xfffffff2
	ClsactEgress  = 0xfffffff3
)
