package abi

import "strconv"

// LinkType is the kind of a link (enum bpf_link_type).
type LinkType uint32

// Link types of Linux 6.18. NumLinkTypes is the first number it does not know.
const (
	LinkUnspec        LinkType = 0
	LinkRawTracepoint LinkType = 1
	LinkTracing       LinkType = 2
	LinkCgroup        LinkType = 3
	LinkIter          LinkType = 4
	LinkNetNS         LinkType = 5
	LinkXDP           LinkType = 6
	LinkPerfEvent     LinkType = 7
	LinkKprobeMulti   LinkType = 8
	LinkStructOps     LinkType = 9
	LinkNetfilter     LinkType = 10
	LinkTCX           LinkType = 11
	LinkUprobeMulti   LinkType = 12
	LinkNetkit        LinkType = 13
	LinkSockMap       LinkType = 14
	NumLinkTypes      LinkType = 15
)

var linkTypeNames = [NumLinkTypes]string{
	"UNSPEC", "RAW_TRACEPOINT", "TRACING", "CGROUP", "ITER", "NETNS", "XDP", "PERF_EVENT", "KPROBE_MULTI", "STRUCT_OPS",
	"NETFILTER", "TCX", "UPROBE_MULTI", "NETKIT", "SOCKMAP",
}

// String is the kernel's name without BPF_LINK_TYPE_, or the number where there is none.
func (t LinkType) String() string {
	if t < NumLinkTypes {
		return linkTypeNames[t]
	}
	return strconv.FormatUint(uint64(t), 10)
}
