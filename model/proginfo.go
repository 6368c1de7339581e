package model

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// progInfo is OBJ_GET_INFO_BY_FD of a program (bpf_prog_get_info_by_fd in kernel/bpf/syscall.c). Load time and what is compiled are
// zero here: those who ask a kernel leave them out.
func (x *run) progInfo(o *object) abi.Errno {
	size, addr := x.u32(abi.InfoLen), x.u64(abi.InfoPtr)
	if size > abi.MaxAttrSize {
		return abi.E2BIG
	}
	if size > abi.ProgInfoEnd { // the padding at the end, too (measured)
		if errno := x.tailZero(addr+abi.ProgInfoEnd, size-abi.ProgInfoEnd); errno != abi.OK {
			return errno
		}
	}
	size = min(size, abi.ProgInfoSize)
	given, ok := x.user.read(addr, int(size))
	if !ok {
		return abi.EFAULT
	}
	i := &described{run: x, prog: o.prog, addr: addr, size: int(size)}
	copy(i.bytes[:], given)
	i.identify(o)
	for _, step := range []func(*described) abi.Errno{(*described).maps, (*described).recordSizes, (*described).text} {
		if errno := step(i); errno != abi.OK {
			return errno
		}
	}
	if !x.user.write(addr, i.bytes[:size]) || !x.user.put(x.call.Attr+abi.InfoLen, size) {
		return abi.EFAULT
	}
	return abi.OK
}

// described is struct bpf_prog_info while it is filled: it begins as what the caller's memory holds.
type described struct {
	*run
	prog  *prog
	bytes [abi.ProgInfoSize]byte
	addr  uint64
	size  int
}

func (i *described) get(at int) uint32       { return u32(i.bytes[at:]) }
func (i *described) put(at int, v uint32)    { binary.LittleEndian.PutUint32(i.bytes[at:], v) }
func (i *described) address(at int) uint64   { return binary.LittleEndian.Uint64(i.bytes[at:]) }
func (i *described) zero(from, to int)       { clear(i.bytes[from:to]) }
func (i *described) room(at, each int) int   { return int(min(i.get(at), 1<<20)) * each }
func (i *described) field(at int) (a uint64) { return i.addr + uint64(at) }

func (i *described) identify(o *object) {
	i.put(abi.ProgInfoType, uint32(i.prog.kind))
	i.put(abi.ProgInfoID, i.learnID(o, i.field(abi.ProgInfoID), i.size-abi.ProgInfoID))
	copy(i.bytes[abi.ProgInfoTag:], i.prog.tag())
	copy(i.bytes[abi.ProgInfoName:], i.prog.name[:])
	i.zero(abi.ProgInfoLoadTime, abi.ProgInfoLoadTime+8)
	i.put(abi.ProgInfoUID, 0)
	gpl := i.get(abi.ProgInfoGPL) &^ 1 // a bit
	if i.prog.gpl {
		gpl |= 1
	}
	i.put(abi.ProgInfoGPL, gpl)
	i.zero(abi.ProgInfoRunTime, abi.ProgInfoVerifiedInsns)
	i.put(abi.ProgInfoVerifiedInsns, uint32(i.prog.insns()))
	if i.prog.types != 0 {
		i.put(abi.ProgInfoBTFID, i.learnID(i.state.object(i.prog.types), i.field(abi.ProgInfoBTFID), i.size-abi.ProgInfoBTFID))
	}
}

// maps lists the ids of maps.
func (i *described) maps() abi.Errno {
	var ids []byte
	for _, serial := range i.prog.held {
		if o := i.state.object(serial); o.isMap() {
			ids = binary.LittleEndian.AppendUint32(ids, i.idIn(serial, abi.ProgInfoMapIDs, len(ids), i.room(abi.ProgInfoNrMapIDs, 4)))
		}
	}
	return i.list(abi.ProgInfoNrMapIDs, abi.ProgInfoMapIDs, 4, ids)
}

// idIn is an id that stands at an offset in a list, of which there is so much room.
func (i *described) idIn(serial, list, offset, room int) uint32 {
	return i.learnID(i.state.object(serial), i.address(list)+uint64(offset), room-offset)
}

// list copies as much of a list as there is room for, and tells how long it is.
func (i *described) list(count, addr, each int, data []byte) abi.Errno {
	room := min(i.room(count, each), len(data))
	i.put(count, uint32(len(data)/each))
	if !i.user.write(i.address(addr), data[:room]) {
		return abi.EFAULT
	}
	return abi.OK
}

// recordSizes: who asks for records must know how long they are, and who does not is told (set_info_rec_size).
func (i *described) recordSizes() abi.Errno {
	for _, r := range []struct {
		count, size int
		bytes       uint32
	}{
		{abi.ProgInfoNrFuncInfo, abi.ProgInfoFuncInfoRecSize, 8}, {abi.ProgInfoNrLineInfo, abi.ProgInfoLineInfoRecSize, 16},
		{abi.ProgInfoNrJitedLineInfo, abi.ProgInfoJitedLineInfoRecSize, 8},
	} {
		if (i.get(r.count) != 0 || i.get(r.size) != 0) && i.get(r.size) != r.bytes {
			return abi.EINVAL
		}
		i.put(r.size, r.bytes)
	}
	return abi.OK
}

// text is what only those with CAP_BPF see: instructions, what describes them, and tags of functions.
func (i *described) text() abi.Errno {
	for _, at := range []int{abi.ProgInfoJitedLen, abi.ProgInfoNrJitedLineInfo} {
		i.put(at, 0)
	}
	i.put(abi.ProgInfoAttachBTFID, i.prog.target)
	if i.prog.target != 0 {
		i.put(abi.ProgInfoAttachBTFObjID, kernelTypes)
	}
	code := i.prog.xlated(func(l mapLoad) uint32 {
		return i.idIn(l.serial, abi.ProgInfoXlated, l.at+4, i.room(abi.ProgInfoXlatedLen, 1))
	})
	if errno := i.list(abi.ProgInfoXlatedLen, abi.ProgInfoXlated, 1, code); errno != abi.OK {
		return errno
	}
	functions := uint32(len(i.prog.starts()))
	i.put(abi.ProgInfoNrJitedKsyms, functions)
	i.put(abi.ProgInfoNrJitedFuncLens, functions)
	if errno := i.list(abi.ProgInfoNrFuncInfo, abi.ProgInfoFuncInfo, 8, i.prog.funcs); errno != abi.OK {
		return errno
	}
	if errno := i.list(abi.ProgInfoNrLineInfo, abi.ProgInfoLineInfo, 16, i.prog.lines); errno != abi.OK {
		return errno
	}
	return i.list(abi.ProgInfoNrTags, abi.ProgInfoTags, 8, i.prog.tags())
}
