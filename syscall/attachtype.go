package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// progOf is the type of the programs that are attached at an attach type, UNSPEC where several or none are
// (attach_type_to_prog_type in kernel/bpf/syscall.c).
func progOf(at abi.AttachType) abi.ProgType {
	if at >= abi.NumAttachTypes {
		return abi.ProgUnspec
	}
	return progTypes[at]
}

var progTypes = func() (types [abi.NumAttachTypes]abi.ProgType) {
	for t := range types {
		types[t] = progTypeOf(abi.AttachType(t))
	}
	return types
}()

func progTypeOf(at abi.AttachType) abi.ProgType {
	switch at {
	case abi.AttachCgroupInetIngress, abi.AttachCgroupInetEgress:
		return abi.ProgCgroupSKB
	case abi.AttachCgroupInetSockCreate, abi.AttachCgroupInetSockRelease, abi.AttachCgroupInet4PostBind,
		abi.AttachCgroupInet6PostBind:
		return abi.ProgCgroupSock
	case abi.AttachCgroupSockOps:
		return abi.ProgSockOps
	case abi.AttachCgroupDevice:
		return abi.ProgCgroupDevice
	case abi.AttachSKMsgVerdict:
		return abi.ProgSKMsg
	case abi.AttachSKSKBStreamParser, abi.AttachSKSKBStreamVerdict, abi.AttachSKSKBVerdict:
		return abi.ProgSKSKB
	case abi.AttachLIRCMode2:
		return abi.ProgLIRCMode2
	case abi.AttachFlowDissector:
		return abi.ProgFlowDissector
	case abi.AttachCgroupSysctl:
		return abi.ProgCgroupSysctl
	case abi.AttachCgroupGetsockopt, abi.AttachCgroupSetsockopt:
		return abi.ProgCgroupSockopt
	case abi.AttachTraceIter, abi.AttachTraceRawTP, abi.AttachTraceFEntry, abi.AttachTraceFExit, abi.AttachModifyReturn:
		return abi.ProgTracing
	case abi.AttachLSMMac, abi.AttachLSMCgroup:
		return abi.ProgLSM
	case abi.AttachSKLookup:
		return abi.ProgSKLookup
	case abi.AttachXDP:
		return abi.ProgXDP
	case abi.AttachTCXIngress, abi.AttachTCXEgress, abi.AttachNetkitPrimary, abi.AttachNetkitPeer:
		return abi.ProgSchedCLS
	}
	if addressed(at) {
		return abi.ProgCgroupSockAddr
	}
	return abi.ProgUnspec
}

// mayAttach follows bpf_prog_attach_check_attach_type.
func (c *call) mayAttach(p *Program, at abi.AttachType) abi.Errno {
	if p.kind == abi.ProgCgroupSKB && !c.proc.Caps.SysAdmin { // CAP_NET_ADMIN, which it holds
		return abi.EPERM
	}
	return invalidUnless(p.fits(at))
}

// fits tells whether a program can be attached at an attach type.
func (p *Program) fits(at abi.AttachType) bool {
	switch p.kind {
	case abi.ProgCgroupSock, abi.ProgCgroupSockAddr, abi.ProgCgroupSockopt, abi.ProgSKLookup:
		return at == p.attach
	case abi.ProgExt:
		return true
	case abi.ProgNetfilter:
		return at == abi.AttachNetfilter
	case abi.ProgPerfEvent, abi.ProgTracepoint:
		return at == abi.AttachPerfEvent
	case abi.ProgKprobe:
		return p.probes(at)
	}
	return p.kind != abi.ProgUnspec && progOf(at) == p.kind
}

// probes tells of a kprobe program: one that was loaded for many functions is not attached to one.
func (p *Program) probes(at abi.AttachType) bool {
	switch p.attach {
	case abi.AttachTraceKprobeMulti, abi.AttachTraceKprobeSession, abi.AttachTraceUprobeMulti, abi.AttachTraceUprobeSession:
		return at == p.attach
	}
	return at == abi.AttachPerfEvent || ofMany(at)
}

// ofMany tells the attach types of many functions at once.
func ofMany(at abi.AttachType) bool {
	switch at {
	case abi.AttachTraceKprobeMulti, abi.AttachTraceKprobeSession, abi.AttachTraceUprobeMulti, abi.AttachTraceUprobeSession:
		return true
	}
	return false
}
