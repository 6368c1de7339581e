package model

import (
	"bytes"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// prog is what an object has that is a program. It keeps its instructions as they were loaded, and what they load.
type prog struct {
	kind   abi.ProgType
	attach abi.AttachType // as expected, or as what stands for it
	flags  uint32
	name   [abi.NameLen]byte
	code   []byte
	gpl    bool
	loads  []mapLoad
	held   []int  // serials of maps and BTF, in the order in which it names them first
	stores [2]int // serials of its maps that store for cgroups, by type
	types  int    // serial of the BTF that funcs and lines, records as given, speak of; 0 for none
	funcs  []byte
	lines  []byte
	target uint32 // number of the type of the kernel's that it is for, 0 for none
}

// mapLoad is an instruction that loads a map, or the address of a value in one: where it begins in the code, and the map's serial.
type mapLoad struct {
	at, serial int
	address    uint64 // in an arena, 0 for others
}

// insnSize is the length of an instruction in bytes.
const insnSize = 8

// loadProg is PROG_LOAD (bpf_prog_load in kernel/bpf/syscall.c, bpf_check in kernel/bpf/verifier.c) of programs that load maps and
// numbers, and end: the simulation of a program has nothing to find in them.
func (x *run) loadProg() (int32, abi.Errno) {
	p := &prog{}
	for _, check := range []func(*run, *prog) abi.Errno{
		(*run).checkLoader, (*run).checkPlace, (*run).readProgram, (*run).checkProgDevice, (*run).identify, (*run).verify, (*run).checkTails,
	} {
		if errno := check(x, p); errno != abi.OK {
			return 0, errno
		}
	}
	o := &object{prog: p}
	x.state.add(o)
	return x.newFD(o.serial, access{true, true})
}

// Bits of prog_flags.
const (
	progSleepable  = 1 << 4
	progXDPFrags   = 1 << 5
	progDevBound   = 1 << 6
	knownProgFlags = 0xff | abi.FlagTokenFD
)

// mostInsns is how many instructions a program may have.
const mostInsns = 1_000_000

// checkLoader is who may load what, and how much.
func (x *run) checkLoader(p *prog) abi.Errno {
	caller, n := x.state.config, x.u32(abi.ProgLoadInsnCnt)
	p.kind, p.flags = abi.ProgType(x.u32(abi.ProgLoadType)), x.u32(abi.ProgLoadFlags)
	switch {
	case p.flags&^knownProgFlags != 0:
		return abi.EINVAL
	case p.flags&abi.FlagTokenFD != 0:
		return x.notA(abi.ProgLoadTokenFD)
	case !caller.BPF && !caller.SysAdmin:
		return abi.EPERM
	case n == 0 || n > mostInsns:
		return abi.E2BIG
	case !caller.SysAdmin && !slices.Contains(ordinary, p.kind) && p.kind < abi.NumProgTypes:
		return abi.EPERM
	}
	return abi.OK
}

// ordinary are the types that take no capability beside CAP_BPF (measured on 6.18).
var ordinary = []abi.ProgType{
	abi.ProgUnspec, abi.ProgSocketFilter, abi.ProgCgroupSKB, abi.ProgLIRCMode2, abi.ProgSKReuseport, abi.ProgSKLookup, abi.ProgSyscall,
}

// checkPlace is what a program is to be attached to (bpf_prog_load_check_attach). No type here is attached to a type of BTF, or
// to a program.
func (x *run) checkPlace(p *prog) abi.Errno {
	p.attach = abi.AttachType(x.u32(abi.ProgLoadAttachType))
	if stands, old := unplaced[p.kind]; old && p.attach == 0 {
		p.attach = stands
	}
	if fd := int32(x.u32(abi.ProgLoadAttachFD)); fd != 0 {
		if f, _ := x.state.files.get(fd); f.serial != 0 && x.state.object(f.serial).btf != nil { // not the kernel's
			return abi.ENOTSUPP
		}
		return abi.EINVAL
	}
	places, some := placesOf[p.kind]
	p.target = x.u32(abi.ProgLoadAttachBTFID)
	if p.target > mostTypes || p.target != 0 && p.kind != abi.ProgTracing || some && !slices.Contains(places, p.attach) {
		return abi.EINVAL
	}
	return abi.OK
}

// unplaced are what stands for no attach type, in types that had none at first.
var unplaced = map[abi.ProgType]abi.AttachType{
	abi.ProgCgroupSock: abi.AttachCgroupInetSockCreate, abi.ProgSKReuseport: abi.AttachSKReuseportSelect,
}

// placesOf are the attach types of the types of programs that are checked for one.
var placesOf = map[abi.ProgType][]abi.AttachType{
	abi.ProgCgroupSKB: {abi.AttachCgroupInetIngress, abi.AttachCgroupInetEgress},
	abi.ProgCgroupSock: {
		abi.AttachCgroupInetSockCreate, abi.AttachCgroupInetSockRelease, abi.AttachCgroupInet4PostBind, abi.AttachCgroupInet6PostBind,
	},
	abi.ProgCgroupSockAddr: {
		abi.AttachCgroupInet4Bind, abi.AttachCgroupInet6Bind, abi.AttachCgroupInet4Connect, abi.AttachCgroupInet6Connect,
		abi.AttachCgroupUnixConnect, abi.AttachCgroupUDP4Sendmsg, abi.AttachCgroupUDP6Sendmsg, abi.AttachCgroupUnixSendmsg,
		abi.AttachCgroupUDP4Recvmsg, abi.AttachCgroupUDP6Recvmsg, abi.AttachCgroupUnixRecvmsg, abi.AttachCgroupInet4Getpeername,
		abi.AttachCgroupInet6Getpeername, abi.AttachCgroupUnixGetpeername, abi.AttachCgroupInet4Getsockname,
		abi.AttachCgroupInet6Getsockname, abi.AttachCgroupUnixGetsockname,
	},
	abi.ProgCgroupSockopt: {abi.AttachCgroupGetsockopt, abi.AttachCgroupSetsockopt},
	abi.ProgSKReuseport:   {abi.AttachSKReuseportSelect, abi.AttachSKReuseportSelectOrMigrate},
	abi.ProgSKLookup:      {abi.AttachSKLookup},
	abi.ProgNetfilter:     {abi.AttachNetfilter},
	abi.ProgSyscall:       {0},
}

// readProgram reads the instructions and then the license, of which 127 bytes count.
func (x *run) readProgram(p *prog) abi.Errno {
	const longest = 127
	code, ok := x.user.read(x.u64(abi.ProgLoadInsns), int(x.u32(abi.ProgLoadInsnCnt))*insnSize)
	if !ok {
		return abi.EFAULT
	}
	p.code = slices.Clone(code)
	license := x.user.prefix(x.u64(abi.ProgLoadLicense), longest)
	end := bytes.IndexByte(license, 0)
	if end < 0 && len(license) < longest {
		return abi.EFAULT
	}
	p.gpl = end >= 0 && slices.Contains(freeLicenses, string(license[:end]))
	return abi.OK
}

// freeLicenses are compatible with the GPL (include/linux/license.h).
var freeLicenses = []string{"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"}

// checkProgDevice is bpf_prog_dev_bound_init: there is lo, which takes no programs.
func (x *run) checkProgDevice(p *prog) abi.Errno {
	device, bound := x.u32(abi.ProgLoadIfindex), p.flags&progDevBound != 0
	switch {
	case device == 0:
		return abi.OK
	case p.kind != abi.ProgXDP && p.kind != abi.ProgSchedCLS, p.flags&^(progXDPFrags|progDevBound) != 0,
		p.flags&progXDPFrags != 0 && !bound, p.kind == abi.ProgSchedCLS && bound, device != 1:
		return abi.EINVAL
	}
	return abi.EOPNOTSUPP
}

// identify: the type must be known, and the name legal.
func (x *run) identify(p *prog) abi.Errno {
	if p.kind == abi.ProgUnspec || p.kind >= abi.NumProgTypes {
		return abi.EINVAL
	}
	return x.readName(abi.ProgLoadName, &p.name)
}

// verify is what the verifier does before it simulates the program. No log is asked for, unless in a way that is refused.
func (x *run) verify(p *prog) abi.Errno {
	if !validLog(x.u64(abi.ProgLoadLogBuf), x.u32(abi.ProgLoadLogSize), x.u32(abi.ProgLoadLogLevel)) {
		return abi.EINVAL
	}
	errno := x.checkProgram(p)
	if x.call.Size >= abi.ProgLoadTrueSize+4 && x.logSize() && !x.user.put(x.call.Attr+abi.ProgLoadTrueSize, 0) {
		return abi.EFAULT
	}
	return errno
}

func (x *run) checkProgram(p *prog) abi.Errno {
	for _, check := range []func(*run, *prog) abi.Errno{(*run).holdArray, (*run).checkRecords, (*run).resolve, (*run).checkSleep} {
		if errno := check(x, p); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// checkSleep is who may sleep, and who must, and what is iterated over (check_attach_btf_id).
func (x *run) checkSleep(p *prog) abi.Errno {
	sleeps := p.flags&progSleepable != 0
	switch {
	case p.kind == abi.ProgSyscall && !sleeps, sleeps && p.kind != abi.ProgSyscall && p.kind != abi.ProgKprobe && p.kind != abi.ProgTracing,
		p.kind == abi.ProgTracing && p.iterator() == "":
		return abi.EINVAL
	}
	return abi.OK
}
