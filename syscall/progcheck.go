package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

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

// checkAttach follows bpf_prog_load_check_attach. Nothing here is BTF or a program of a type that can be extended.
func (l *loading) checkAttach() abi.Errno {
	if l.AttachProgFD != 0 && (l.isProgram(l.AttachProgFD) != abi.OK || !extends(l.Type)) {
		return abi.EINVAL
	}
	const maxTypeID = 0xfffff
	if l.AttachBTFID != 0 && (l.AttachBTFID > maxTypeID || !named(l.Type)) {
		return abi.EINVAL
	}
	if !expects(l.Type, l.AttachType) {
		return abi.EINVAL
	}
	return abi.OK
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

// checkIdentity: the type must be known and the name legal.
func (l *loading) checkIdentity() abi.Errno {
	if l.Type == abi.ProgUnspec || l.Type >= abi.NumProgTypes {
		return abi.EINVAL
	}
	_, errno := objectName(l.Name)
	return errno
}

// checkVerifier is what bpf_check looks at before the first instruction.
func (l *loading) checkVerifier() abi.Errno {
	if !validLog(l.LogLevel, l.LogBuf, l.LogSize) {
		return abi.EINVAL
	}
	if errno := l.checkFDArray(); errno != abi.OK {
		return errno
	}
	if l.FuncInfoCnt != 0 || l.LineInfoCnt != 0 {
		b, errno := l.btfByFD(l.BTFFD)
		if errno != abi.OK {
			return errno
		}
		b.Release()
	}
	return abi.OK
}

// checkFDArray follows process_fd_array: maps may be in it, and BTF.
func (l *loading) checkFDArray() abi.Errno {
	const most = 1<<30 - 1
	if l.FDArrayCnt >= most {
		return abi.EINVAL
	}
	var word [4]byte
	for i := range uint64(l.FDArrayCnt) {
		if errno := l.copyIn(word[:], l.FDArray+4*i); errno != abi.OK {
			return errno
		}
		file, errno := l.file(int32(binary.LittleEndian.Uint32(word[:])), abi.EBADF)
		if errno != abi.OK {
			return errno
		}
		_, isProgram := file.object.(*Program)
		l.leave(file)
		if isProgram {
			return abi.EINVAL
		}
	}
	return abi.OK
}
