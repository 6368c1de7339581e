package bpfsys

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/insn"
)

// memlock is the memory that the instructions take, in bytes: whole pages, with the head of struct bpf_prog.
func (p *Program) memlock() uint64 { return memlockOf(len(p.insns)) }

func memlockOf(insns int) uint64 {
	const page, head = 4096, 96
	return uint64(head+insn.Size*insns+page-1) / page * page
}

// FDInfo is the program's part of /proc/PID/fdinfo/FD (bpf_prog_show_fdinfo in kernel/bpf/syscall.c). Nothing is compiled, and
// nothing runs.
func (p *Program) FDInfo() string {
	var b strings.Builder
	fmt.Fprintf(&b, "prog_type:\t%d\n", p.kind)
	fmt.Fprintf(&b, "prog_jited:\t0\n")
	fmt.Fprintf(&b, "prog_tag:\t%x\n", p.Tag())
	fmt.Fprintf(&b, "memlock:\t%d\n", p.memlock())
	fmt.Fprintf(&b, "prog_id:\t%d\n", p.id)
	fmt.Fprintf(&b, "run_time_ns:\t0\n")
	fmt.Fprintf(&b, "run_cnt:\t0\n")
	fmt.Fprintf(&b, "recursion_misses:\t0\n")
	fmt.Fprintf(&b, "verified_insns:\t%d\n", insn.Count(p.insns))
	return b.String()
}

// progInfo is struct bpf_prog_info.
type progInfo [abi.ProgInfoSize]byte

func (i *progInfo) u32(off int) uint32      { return binary.LittleEndian.Uint32(i[off:]) }
func (i *progInfo) u64(off int) uint64      { return binary.LittleEndian.Uint64(i[off:]) }
func (i *progInfo) put32(off int, v uint32) { binary.LittleEndian.PutUint32(i[off:], v) }
func (i *progInfo) put64(off int, v uint64) { binary.LittleEndian.PutUint64(i[off:], v) }

// infoList is an array that info copies as far as there is room, and says how much there is: of bytes, where each is 1.
type infoList struct {
	count, addr int // fields
	each        int // bytes
	data        []byte
}

// progInfo follows bpf_prog_get_info_by_fd, which starts from what the caller's buffer holds.
func (c *call) progInfo(p *Program, args ObjGetInfoByFD) abi.Errno {
	if errno := c.zeroBehind(args.Info, abi.ProgInfoEnd, args.InfoLen); errno != abi.OK {
		return errno
	}
	info := new(progInfo)
	n := min(args.InfoLen, abi.ProgInfoSize)
	if errno := c.copyIn(info[:n], args.Info); errno != abi.OK {
		return errno
	}
	info.identify(p)
	if errno := c.putList(info, infoList{abi.ProgInfoNrMapIDs, abi.ProgInfoMapIDs, 4, p.mapIDs()}); errno != abi.OK {
		return errno
	}
	if errno := info.setRecordSizes(); errno != abi.OK {
		return errno
	}
	info.describe(p)
	if errno := c.progText(p, info); errno != abi.OK {
		return errno
	}
	if errno := c.copyOut(args.Info, info[:n]); errno != abi.OK {
		return errno
	}
	return c.putWord(c.addr+abi.InfoLen, n)
}

// putList copies an array of info.
func (c *call) putList(info *progInfo, list infoList) abi.Errno {
	room, count := int64(info.u32(list.count)), len(list.data)/list.each
	info.put32(list.count, uint32(count))
	return c.copyOut(info.u64(list.addr), list.data[:min(room, int64(count))*int64(list.each)])
}

// identify fills in what tells programs apart.
func (i *progInfo) identify(p *Program) {
	i.put32(abi.ProgInfoType, uint32(p.kind))
	i.put32(abi.ProgInfoID, p.id)
	copy(i[abi.ProgInfoTag:], p.digest[:8])
	i.put64(abi.ProgInfoLoadTime, uint64(p.loaded))
	i.put32(abi.ProgInfoUID, p.uid)
	clear(i[abi.ProgInfoName : abi.ProgInfoName+abi.NameLen])
	copy(i[abi.ProgInfoName:], p.name)
	gpl := i.u32(abi.ProgInfoGPL) &^ 1 // a bit; what lies beside it keeps what it held
	if p.gpl {
		gpl |= 1
	}
	i.put32(abi.ProgInfoGPL, gpl)
}

// setRecordSizes: who asks for records must know their sizes, and who does not learns them (set_info_rec_size).
func (i *progInfo) setRecordSizes() abi.Errno {
	const jitedLineInfoSize = 8
	for _, r := range []struct {
		count, size int
		known       uint32
	}{
		{abi.ProgInfoNrFuncInfo, abi.ProgInfoFuncInfoRecSize, funcInfoSize},
		{abi.ProgInfoNrLineInfo, abi.ProgInfoLineInfoRecSize, lineInfoSize},
		{abi.ProgInfoNrJitedLineInfo, abi.ProgInfoJitedLineInfoRecSize, jitedLineInfoSize},
	} {
		if (i.u32(r.count) != 0 || i.u32(r.size) != 0) && i.u32(r.size) != r.known {
			return abi.EINVAL
		}
		i.put32(r.size, r.known)
	}
	return abi.OK
}

// describe fills in what is neither an array nor a name.
func (i *progInfo) describe(p *Program) {
	i.put64(abi.ProgInfoRunTime, 0)
	i.put64(abi.ProgInfoRunCount, 0)
	i.put64(abi.ProgInfoRecursionMisses, 0)
	i.put32(abi.ProgInfoVerifiedInsns, uint32(insn.Count(p.insns)))
	if p.btf != nil {
		i.put32(abi.ProgInfoBTFID, p.btf.id)
	}
	i.put32(abi.ProgInfoAttachBTFID, p.targetID)
	switch {
	case p.target != nil && p.target.btf != nil:
		i.put32(abi.ProgInfoAttachBTFObjID, p.target.btf.id)
	case p.targetBTF != nil:
		i.put32(abi.ProgInfoAttachBTFObjID, p.targetBTF.id)
	}
}

// progText copies the instructions and what describes them, for those who may see it. Nothing is compiled.
func (c *call) progText(p *Program, info *progInfo) abi.Errno {
	functions := len(p.starts)
	info.put32(abi.ProgInfoJitedLen, 0)
	info.put32(abi.ProgInfoNrJitedLineInfo, 0)
	if !c.proc.Caps.BPF {
		for _, count := range []int{
			abi.ProgInfoXlatedLen, abi.ProgInfoNrJitedKsyms, abi.ProgInfoNrJitedFuncLens, abi.ProgInfoNrFuncInfo, abi.ProgInfoNrLineInfo,
		} {
			info.put32(count, 0)
		}
		return abi.OK
	}
	for _, list := range []infoList{
		{abi.ProgInfoXlatedLen, abi.ProgInfoXlated, 1, p.xlated()},
		{abi.ProgInfoNrJitedKsyms, abi.ProgInfoJitedKsyms, 8, make([]byte, 8*functions)},
		{abi.ProgInfoNrJitedFuncLens, abi.ProgInfoJitedFuncLens, 4, make([]byte, 4*functions)},
		{abi.ProgInfoNrFuncInfo, abi.ProgInfoFuncInfo, funcInfoSize, p.funcInfo},
		{abi.ProgInfoNrLineInfo, abi.ProgInfoLineInfo, lineInfoSize, p.lineInfo},
		{abi.ProgInfoNrTags, abi.ProgInfoTags, 8, p.tags()},
	} {
		if errno := c.putList(info, list); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// mapIDs are the ids of the program's maps.
func (p *Program) mapIDs() (ids []byte) {
	for _, m := range p.Maps() {
		ids = binary.LittleEndian.AppendUint32(ids, m.id)
	}
	return ids
}
