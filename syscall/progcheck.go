package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// prog_flags.
const (
	progSleepable   = 1 << 4
	progXDPFrags    = 1 << 5
	progDevBound    = 1 << 6
	knownProgFlags  = 0xff | abi.FlagTokenFD
	deviceProgFlags = progXDPFrags | progDevBound
)

// checkLoader: who loads, and how much.
func (l *loading) checkLoader() abi.Errno {
	switch {
	case l.Flags&^knownProgFlags != 0:
		return abi.EINVAL
	case l.Flags&abi.FlagTokenFD != 0:
		return l.noSuchObject(l.TokenFD)
	case !l.proc.Caps.BPF:
		return abi.EPERM
	case l.InsnCnt == 0, l.InsnCnt > maxInsns:
		return abi.E2BIG
	case !l.proc.Caps.SysAdmin && !ordinary(l.Type):
		return abi.EPERM
	}
	return abi.OK
}

// ordinary tells whether programs of a type take no more than CAP_BPF: the others take CAP_NET_ADMIN or CAP_PERFMON,
// which CAP_SYS_ADMIN holds.
func ordinary(t abi.ProgType) bool {
	switch t {
	case abi.ProgUnspec, abi.ProgSocketFilter, abi.ProgCgroupSKB, abi.ProgLIRCMode2, abi.ProgSKReuseport,
		abi.ProgSKLookup, abi.ProgSyscall:
		return true
	}
	return t >= abi.NumProgTypes
}

// checkAttach follows bpf_prog_load_check_attach, for which the target is looked up.
func (l *loading) checkAttach() abi.Errno {
	l.fixAttachType()
	if errno := l.holdTarget(); errno != abi.OK {
		return errno
	}
	const maxTypeID = 0xfffff
	switch {
	case l.AttachBTFID != 0 && (l.AttachBTFID > maxTypeID || !named(l.Type)),
		l.made.targetBTF != nil && l.AttachBTFID == 0,
		l.made.target != nil && !extends(l.Type),
		!expects(l.Type, l.AttachType):
		return abi.EINVAL
	}
	return abi.OK
}

// fixAttachType follows bpf_prog_load_fixup_attach_type: programs from before there were attach types.
func (l *loading) fixAttachType() {
	switch {
	case l.AttachType != 0:
	case l.Type == abi.ProgCgroupSock:
		l.AttachType = abi.AttachCgroupInetSockCreate
	case l.Type == abi.ProgSKReuseport:
		l.AttachType = abi.AttachSKReuseportSelect
	}
}

// extends tells whether programs of a type are attached to programs.
func extends(t abi.ProgType) bool { return t == abi.ProgTracing || t == abi.ProgExt }

// named tells whether programs of a type are attached to what BTF names.
func named(t abi.ProgType) bool {
	return extends(t) || t == abi.ProgLSM || t == abi.ProgStructOps
}

// expects tells whether programs of a type can be attached there; 0 stands for the usual place of some.
func expects(t abi.ProgType, at abi.AttachType) bool {
	switch t {
	case abi.ProgCgroupSKB:
		return at <= abi.AttachCgroupInetEgress
	case abi.ProgCgroupSock:
		return at == 0 || at == abi.AttachCgroupInetSockCreate || at == abi.AttachCgroupInetSockRelease ||
			at == abi.AttachCgroupInet4PostBind || at == abi.AttachCgroupInet6PostBind
	case abi.ProgCgroupSockAddr:
		return addressed(at)
	case abi.ProgCgroupSockopt:
		return at == abi.AttachCgroupGetsockopt || at == abi.AttachCgroupSetsockopt
	case abi.ProgSKReuseport:
		return at == 0 || at == abi.AttachSKReuseportSelect || at == abi.AttachSKReuseportSelectOrMigrate
	case abi.ProgSKLookup:
		return at == abi.AttachSKLookup
	case abi.ProgNetfilter:
		return at == abi.AttachNetfilter
	case abi.ProgSyscall, abi.ProgExt:
		return at == 0
	}
	return true
}

// addressed tells whether programs see an address there.
func addressed(at abi.AttachType) bool {
	switch at {
	case abi.AttachCgroupInet4Bind, abi.AttachCgroupInet6Bind, abi.AttachCgroupInet4Connect,
		abi.AttachCgroupInet6Connect, abi.AttachCgroupUDP4Sendmsg, abi.AttachCgroupUDP6Sendmsg,
		abi.AttachCgroupUDP4Recvmsg, abi.AttachCgroupUDP6Recvmsg, abi.AttachCgroupInet4Getpeername,
		abi.AttachCgroupInet6Getpeername, abi.AttachCgroupInet4Getsockname, abi.AttachCgroupInet6Getsockname:
		return true
	}
	return at >= abi.AttachCgroupUnixConnect && at <= abi.AttachCgroupUnixGetsockname
}

// checkDevice follows bpf_prog_dev_bound_init: no device here takes programs.
func (l *loading) checkDevice() abi.Errno {
	bound := l.Flags&progDevBound != 0
	switch {
	case l.Ifindex == 0:
		return abi.OK
	case l.Type != abi.ProgXDP && l.Type != abi.ProgSchedCLS, l.Flags&^deviceProgFlags != 0,
		l.Flags&progXDPFrags != 0 && !bound, l.Type == abi.ProgSchedCLS && bound, l.Ifindex != loopback:
		return abi.EINVAL
	}
	return abi.EOPNOTSUPP
}
