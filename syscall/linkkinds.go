package bpfsys

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// linkKind is a kind of link: which programs are linked so, and how.
type linkKind struct {
	link  abi.LinkType
	name  string // in fdinfo
	progs []abi.ProgType
	at    []abi.AttachType // nil for all at which these programs can be attached
	// detachable links know LINK_DETACH, and where they were is gone with it.
	detachable bool
	// goneLast means that LINK_UPDATE looks at the program before it finds the link detached.
	goneLast bool
	// fixed is what LINK_UPDATE answers where the program stays: EINVAL if OK.
	fixed abi.Errno
	// prepare reads what the kind asks for and finds the place.
	prepare func(l *linking) (attachment, abi.Errno)
}

// text is the kind in fdinfo; links to where a function returns have another name.
func (k *linkKind) text(l *Link) string {
	if r, ok := l.place.(interface{ returns() bool }); ok && r.returns() {
		return k.returnName()
	}
	return k.name
}

func (k *linkKind) returnName() string { return k.name[:1] + "ret" + k.name[1:] }

// linkKinds are all kinds of links that LINK_CREATE makes of a program.
var linkKinds = []*linkKind{
	{link: abi.LinkCgroup, name: "cgroup", detachable: true, prepare: linkCgroup, progs: []abi.ProgType{
		abi.ProgCgroupSKB, abi.ProgCgroupSock, abi.ProgCgroupSockAddr, abi.ProgSockOps, abi.ProgCgroupDevice,
		abi.ProgCgroupSysctl, abi.ProgCgroupSockopt,
	}},
	{link: abi.LinkCgroup, name: "cgroup", detachable: true, prepare: linkCgroup, progs: []abi.ProgType{abi.ProgLSM},
		at: []abi.AttachType{abi.AttachLSMCgroup}},
	{link: abi.LinkNetNS, name: "netns", detachable: true, goneLast: true, prepare: linkNetNS,
		progs: []abi.ProgType{abi.ProgFlowDissector, abi.ProgSKLookup}},
	{link: abi.LinkXDP, name: "xdp", detachable: true, prepare: linkXDP, progs: []abi.ProgType{abi.ProgXDP}},
	{link: abi.LinkTCX, name: "tcx", detachable: true, prepare: linkTCX, progs: []abi.ProgType{abi.ProgSchedCLS},
		at: []abi.AttachType{abi.AttachTCXIngress, abi.AttachTCXEgress}},
	{link: abi.LinkNetkit, name: "netkit", detachable: true, prepare: linkNetkit, progs: []abi.ProgType{abi.ProgSchedCLS}},
	{link: abi.LinkSockMap, name: "sockmap", detachable: true, goneLast: true, prepare: linkSockMap,
		progs: []abi.ProgType{abi.ProgSKSKB, abi.ProgSKMsg}},
	{link: abi.LinkNetfilter, name: "netfilter", detachable: true, fixed: abi.EOPNOTSUPP, prepare: linkNetfilter,
		progs: []abi.ProgType{abi.ProgNetfilter}},
	rawTracepointKind,
	iterKind,
	tracingKind,
	{link: abi.LinkPerfEvent, name: "perf", prepare: linkPerfEvent,
		progs: []abi.ProgType{abi.ProgPerfEvent, abi.ProgTracepoint, abi.ProgKprobe}, at: []abi.AttachType{abi.AttachPerfEvent}},
	{link: abi.LinkKprobeMulti, name: "kprobe_multi", prepare: linkKprobeMulti, progs: []abi.ProgType{abi.ProgKprobe},
		at: []abi.AttachType{abi.AttachTraceKprobeMulti, abi.AttachTraceKprobeSession}},
	{link: abi.LinkUprobeMulti, name: "uprobe_multi", prepare: linkUprobeMulti, progs: []abi.ProgType{abi.ProgKprobe},
		at: []abi.AttachType{abi.AttachTraceUprobeMulti, abi.AttachTraceUprobeSession}},
}

// Kinds that RAW_TRACEPOINT_OPEN makes, too.
var (
	rawTracepointKind = &linkKind{link: abi.LinkRawTracepoint, name: "raw_tracepoint", prepare: linkTracepoint,
		progs: []abi.ProgType{abi.ProgTracing}, at: []abi.AttachType{abi.AttachTraceRawTP}}
	iterKind = &linkKind{link: abi.LinkIter, name: "iter", prepare: linkIter,
		progs: []abi.ProgType{abi.ProgTracing}, at: []abi.AttachType{abi.AttachTraceIter}}
	tracingKind = &linkKind{link: abi.LinkTracing, name: "tracing", prepare: linkTracing,
		progs: []abi.ProgType{abi.ProgExt, abi.ProgLSM, abi.ProgTracing}}
)

// kindOf is the kind of the links of a program at an attach type, nil where there is none.
func kindOf(p *Program, at abi.AttachType) *linkKind {
	for _, k := range linkKinds {
		if slices.Contains(k.progs, p.kind) && (k.at == nil || slices.Contains(k.at, at)) {
			return k
		}
	}
	return nil
}
