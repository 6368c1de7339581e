package generator

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// programShape is a program as its loading asked for it.
type programShape struct {
	fd     int32
	kind   abi.ProgType
	attach abi.AttachType
	over   string // what it iterates over, "" where it does not
}

// programKinds are the programs that are loaded, by type and place.
var programKinds = []programShape{
	{kind: abi.ProgSocketFilter}, {kind: abi.ProgXDP}, {kind: abi.ProgXDP, attach: abi.AttachXDPDevMap},
	{kind: abi.ProgXDP, attach: abi.AttachXDPCPUMap}, {kind: abi.ProgSchedCLS}, {kind: abi.ProgKprobe}, {kind: abi.ProgTracepoint},
	{kind: abi.ProgRawTracepoint}, {kind: abi.ProgCgroupSKB}, {kind: abi.ProgCgroupSKB, attach: abi.AttachCgroupInetEgress},
	{kind: abi.ProgCgroupSock, attach: abi.AttachCgroupInetSockRelease}, {kind: abi.ProgCgroupSock},
	{kind: abi.ProgCgroupSockAddr, attach: abi.AttachCgroupInet4Bind}, {kind: abi.ProgSockOps}, {kind: abi.ProgCgroupDevice},
	{kind: abi.ProgSKLookup, attach: abi.AttachSKLookup}, {kind: abi.ProgSyscall}, {kind: abi.ProgPerfEvent}, {kind: abi.ProgSKReuseport},
	{kind: abi.ProgCgroupSockopt, attach: abi.AttachCgroupSetsockopt}, {kind: abi.ProgNetfilter, attach: abi.AttachNetfilter},
	{kind: abi.ProgFlowDissector},
}

// Places of what PROG_LOAD reads.
const (
	codeAt    = keysAt
	licenseAt = pathAt
	fdsAt     = roomAt
)

// aboutPrograms loads a program, or asks for what there is.
func (g *generator) aboutPrograms() {
	switch {
	case !g.machine.Has(program.Programs):
	case chance(g, 18):
		g.describe()
	case len(g.programs) == 0 || chance(g, 35):
		g.single(g.loadProgram(20))
	case chance(g, 8):
		fd := pick(g, g.programs...).fd
		g.add(program.Close{FD: fd})
		g.forgetFD(fd)
		g.single(g.programID(pick(g, abi.ProgGetNextID, abi.ProgGetFDByID)))
	default:
		g.single(g.identifyProgram())
	}
}

// loadProgram loads a program, of few types as a rule, so that some are alike. So many of 100 have records, if there is BTF.
func (g *generator) loadProgram(described int) *program.Call {
	p := pick(g, programKinds[g.Intn(4)], programKinds[8+g.Intn(8)])
	if chance(g, 45) {
		p = pick(g, programKinds...)
	}
	flags := uint32(0)
	if p.kind == abi.ProgSyscall && !chance(g, 20) || chance(g, 5) {
		flags = 1 << 4 // BPF_F_SLEEPABLE
	}
	if chance(g, 6) {
		flags |= 1 << g.Intn(9)
	}
	c := g.call(abi.ProgLoad)
	a := program.Attr{Bytes: c.Contents}
	fds := g.fdArray(c, a)
	code := g.code(fds)
	if attachable(p) && !chance(g, 5) {
		code = code[len(code)-16:]
	}
	at := g.input(codeAt, len(code))
	a.Set(abi.ProgLoadType, 4, uint64(p.kind))
	a.Set(abi.ProgLoadInsnCnt, 4, uint64(len(code)/8))
	a.Set(abi.ProgLoadInsns, 8, at)
	a.Set(abi.ProgLoadLicense, 8, licenseAt)
	a.Set(abi.ProgLoadFlags, 4, uint64(flags))
	a.Set(abi.ProgLoadAttachType, 4, uint64(p.attach))
	copy(a.Bytes[abi.ProgLoadName:][:abi.NameLen], pick(g, "", "", "filter", "a.b_C9", "fifteen_letters"))
	g.oddities(a)
	g.records(c, code, described)
	g.write(c, at, code)
	g.write(c, licenseAt, append([]byte(pick(g, "GPL", "GPL", "MIT", "Dual MIT/GPL", "")), 0))
	c.As = g.newFD()
	p.fd = c.As
	g.programs = append(g.programs, p)
	return c
}

// oddities asks for what hardly a loader asks for, now and then.
func (g *generator) oddities(a program.Attr) {
	if !chance(g, 6) {
		return
	}
	switch g.Intn(6) {
	case 0:
		a.Set(abi.ProgLoadAttachFD, 4, uint64(uint32(pick(g, g.doubtfulFD(), pick(g, g.fds...)))))
	case 1:
		a.Set(abi.ProgLoadAttachBTFID, 4, pick[uint64](g, 1, 2, 0xfffff, 0x100000, 1<<32-1))
	case 2:
		a.Set(abi.ProgLoadIfindex, 4, pick[uint64](g, 1, program.Nowhere))
		a.Set(abi.ProgLoadFlags, 4, pick[uint64](g, 0, 1<<5, 1<<6, 1<<5|1<<6))
	case 3:
		a.Set(abi.ProgLoadFDArrayCnt, 4, pick[uint64](g, 1, 1<<30-1, 1<<32-1))
	case 4:
		a.Set(abi.ProgLoadCoreReloCnt, 4, 1)
	default: // a log that is not whole
		a.Set(pick(g, abi.ProgLoadLogLevel, abi.ProgLoadLogSize, abi.ProgLoadLogBuf), 4, 1)
	}
}

// fdArray gives a program an array of fds, now and then, and is how many instructions may speak of.
func (g *generator) fdArray(c *program.Call, a program.Attr) (fds int) {
	if !chance(g, 20) {
		return 0
	}
	fds = 1 + g.Intn(3)
	b := g.bytes(4 * fds)
	for i := range fds {
		program.PutWord(b[4*i:][:4], uint64(uint32(g.mapFD())))
	}
	at := g.input(fdsAt, len(b))
	a.Set(abi.ProgLoadFDArray, 8, at)
	if chance(g, 60) {
		a.Set(abi.ProgLoadFDArrayCnt, 4, uint64(fds+pick(g, 0, 0, 0, 1)))
	}
	g.write(c, at, b)
	return fds
}

// mapFD is an fd for a program to use, mostly that of a map.
func (g *generator) mapFD() int32 {
	if len(g.maps) > 0 && chance(g, 90) {
		return g.someMap().fd
	}
	return pick(g, g.doubtfulFD(), g.doubtfulFD(), pick(g, append(g.fds, 0)...))
}

// code are the instructions of a program, which loads some maps and then ends.
func (g *generator) code(fds int) (code []byte) {
	insn := func(op, dst, src byte, imm uint32) {
		code = append(code, op, dst|src<<4, 0, 0)
		code = binary.LittleEndian.AppendUint32(code, imm)
	}
	for range pick(g, 0, 0, 1, 1, 2, 3) {
		second := uint32(0)
		indexed := min(fds, 1)
		if chance(g, 2) {
			indexed = 1
		}
		switch weighted(g, 8, 2, 2*indexed, indexed, 1) {
		case 0:
			insn(0x18, 1, 1, uint32(g.mapFD()))
		case 1:
			second = pick[uint32](g, 0, 0, 4, 8, 1<<29)
			insn(0x18, 2, 2, uint32(g.mapFD()))
		case 2:
			insn(0x18, 3, 5, uint32(g.Intn(fds+1)))
		case 3:
			insn(0x18, 4, 6, uint32(g.Intn(fds+1)))
		default:
			second = 7
			insn(0x18, 5, 0, 3)
		}
		if chance(g, 2) {
			second = 1
		}
		insn(0, 0, 0, second)
	}
	if len(code) == 0 && chance(g, 60) { // the end is another function
		insn(0x85, 0, 1, 1)
		insn(0x95, 0, 0, 0)
	}
	insn(0xb7, 0, 0, 1)
	insn(0x95, 0, 0, 0)
	return code
}

// identifyProgram asks for ids of programs, what belongs to one, or pins one.
func (g *generator) identifyProgram() *program.Call {
	p := pick(g, g.programs[max(0, len(g.programs)-4):]...)
	cmd := pick(g, abi.ObjGetInfoByFD, abi.ObjGetInfoByFD, abi.ProgGetNextID, abi.ProgGetFDByID, abi.ObjPin)
	switch cmd {
	case abi.ObjGetInfoByFD:
		return g.programInfo(p.fd)
	case abi.ObjPin:
		return g.pin(p.fd)
	}
	return g.programID(cmd)
}

// programID asks for an id of a program, or a program by its id.
func (g *generator) programID(cmd abi.Cmd) *program.Call {
	c := g.call(cmd)
	program.Attr{Bytes: c.Contents}.Set(abi.IDStart, 4, uint64(g.Intn(len(g.programs)/2+3)))
	if cmd == abi.ProgGetFDByID {
		c.As = g.newFD()
	}
	return c
}

// programInfo asks for struct bpf_prog_info and mostly for some of the lists in it.
func (g *generator) programInfo(fd int32) *program.Call {
	c := g.call(abi.ObjGetInfoByFD)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.InfoBPFFD, 4, uint64(uint32(fd)))
	a.Set(abi.InfoPtr, 8, infoAt)
	a.Set(abi.InfoLen, 4, uint64(pick(g, abi.ProgInfoSize, abi.ProgInfoSize, abi.ProgInfoSize, 64, 40, 128, 0, 6, 222, abi.ProgInfoSize+8)))
	info := program.Attr{Bytes: g.bytes(abi.ProgInfoSize + 8)}
	list := func(count, addr int, n, at uint64) {
		if chance(g, 60) {
			info.Set(count, 4, n)
			info.Set(addr, 8, at)
		}
	}
	list(abi.ProgInfoXlatedLen, abi.ProgInfoXlated, pick[uint64](g, 512, 512, 16, 24, 21), pick(g, valuesAt, valuesAt, g.doubtfulAddress()))
	list(abi.ProgInfoNrMapIDs, abi.ProgInfoMapIDs, pick[uint64](g, 8, 8, 1, 2), pick(g, valuesAt+1024, valuesAt+1024, g.doubtfulAddress()))
	list(abi.ProgInfoNrTags, abi.ProgInfoTags, pick[uint64](g, 1, 2), valuesAt+2048)
	g.wantRecords(info)
	if chance(g, 8) {
		info.Set(pick(g, abi.ProgInfoFuncInfoRecSize, abi.ProgInfoLineInfoRecSize, abi.ProgInfoNrFuncInfo), 4, pick[uint64](g, 8, 16, 1))
	}
	if chance(g, 5) {
		info.Bytes[g.Intn(len(info.Bytes))] = 0x80
	}
	g.write(c, infoAt, info.Bytes)
	return c
}
