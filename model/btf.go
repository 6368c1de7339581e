package model

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// btf is what an object that is no map has: data, and the types in it.
type btf struct {
	data   []byte
	types  *types
	kernel bool // it is the kernel's own, which nobody here opens
}

// kernelTypes is the id of the kernel's own BTF.
const kernelTypes = 1

func (o *object) ofKernelTypes() bool { return o.btf != nil && o.btf.kernel }

// maxBTF is the largest BTF in bytes.
const maxBTF = 16 << 20

// loadBTF is BTF_LOAD (bpf_btf_load in kernel/bpf/syscall.c, btf_parse in kernel/bpf/btf.c). Whether data is BTF, and what the log
// says, is learned: a comparison of kernels sees when they differ.
func (x *run) loadBTF() (int32, abi.Errno) {
	flags, size := x.u32(abi.BTFLoadFlags), x.u32(abi.BTFLoadSize)
	switch {
	case flags&^abi.FlagTokenFD != 0:
		return 0, abi.EINVAL
	case flags != 0:
		return 0, x.notA(abi.BTFLoadTokenFD)
	case !x.state.config.BPF && !x.state.config.SysAdmin:
		return 0, abi.EPERM
	case size > maxBTF:
		return 0, abi.E2BIG
	case !validLog(x.u64(abi.BTFLoadLogBuf), x.u32(abi.BTFLoadLogSize), x.u32(abi.BTFLoadLogLevel)):
		return 0, abi.EINVAL
	}
	data, read := x.user.read(x.u64(abi.BTFLoadData), int(size))
	data = slices.Clone(data)
	if errno := x.writeLog(); errno != abi.OK {
		return 0, errno
	}
	switch {
	case !read:
		return 0, abi.EFAULT
	case slices.Contains(badBTF, x.seen.Errno):
		return 0, x.seen.Errno
	}
	known, ok := readTypes(data)
	if !ok {
		return 0, abi.EINVAL
	}
	o := &object{btf: &btf{data: data, types: known}}
	x.state.add(o)
	return x.newFD(o.serial, access{read: true})
}

// validLog is bpf_verifier_log_attr_valid in kernel/bpf/log.c.
func validLog(buf uint64, size, level uint32) bool {
	return (buf != 0) == (size > 0) && (buf == 0 || level != 0) && level <= 15 && size < 1<<30
}

// writeLog takes over the text that the kernel wrote, and its size. A text that does not fit is ENOSPC, whatever the data is.
func (x *run) writeLog() abi.Errno {
	buf, room, logs := x.u64(abi.BTFLoadLogBuf), x.u32(abi.BTFLoadLogSize), x.u32(abi.BTFLoadLogLevel) != 0
	if logs && buf != 0 {
		n := int(min(room, 1<<20))
		for n > 0 && !x.user.writable(buf, n) {
			n--
		}
		x.user.write(buf, x.after(buf, n))
	}
	told := uint32(0)
	if at := x.call.Attr + abi.BTFLoadTrueSize; x.call.Size >= abi.BTFLoadTrueSize+4 && x.logSize() {
		size := []byte{0, 0, 0, 0}
		if logs && x.user.writable(at, 4) {
			size = x.after(at, 4)
			told = u32(size)
		}
		if !x.user.write(at, size) {
			return abi.EFAULT
		}
	}
	if logs && buf != 0 && told > room && x.seen.Errno != abi.EFAULT {
		return abi.ENOSPC
	}
	if logs && buf != 0 && (x.seen.Errno == abi.ENOSPC || x.seen.Errno == abi.EFAULT) {
		return x.seen.Errno
	}
	return abi.OK
}

// btfFDByID is BTF_GET_FD_BY_ID.
func (x *run) btfFDByID() (int32, abi.Errno) {
	switch flags := x.u32(abi.IDOpenFlags); {
	case flags&^abi.FlagTokenFD != 0:
		return 0, abi.EINVAL
	case flags != 0:
		return 0, x.notA(abi.IDTokenFD)
	case !x.state.config.SysAdmin:
		return 0, abi.EPERM
	}
	o := x.state.byID(x.u32(abi.IDStart), ofBTF)
	if x.u32(abi.IDStart) == 0 || o == nil {
		return 0, abi.ENOENT
	}
	return x.newFD(o.serial, access{read: true})
}

// btfInfo is OBJ_GET_INFO_BY_FD of BTF (btf_get_info_by_fd in kernel/bpf/btf.c): the data first, then an empty name.
func (x *run) btfInfo(o *object) abi.Errno {
	size, addr := x.u32(abi.InfoLen), x.u64(abi.InfoPtr)
	if size > abi.MaxAttrSize {
		return abi.E2BIG
	}
	if size > abi.BTFInfoSize {
		if errno := x.tailZero(addr+abi.BTFInfoSize, size-abi.BTFInfoSize); errno != abi.OK {
			return errno
		}
	}
	size = min(size, abi.BTFInfoSize)
	given, ok := x.user.read(addr, int(size))
	if !ok {
		return abi.EFAULT
	}
	var info [abi.BTFInfoSize]byte
	copy(info[:], given)
	word := func(at int) uint64 { return binary.LittleEndian.Uint64(info[at:]) }
	room := int(u32(info[abi.BTFInfoDataSize:]))
	if !x.user.write(word(abi.BTFInfoData), o.btf.data[:min(room, len(o.btf.data))]) {
		return abi.EFAULT
	}
	name, nameRoom := word(abi.BTFInfoName), u32(info[abi.BTFInfoNameLen:])
	switch {
	case (name == 0) != (nameRoom == 0):
		return abi.EINVAL
	case name != 0 && !x.user.write(name, []byte{0}):
		return abi.EFAULT
	}
	for at, v := range map[int]uint32{
		abi.BTFInfoDataSize: uint32(len(o.btf.data)), abi.BTFInfoID: x.learnID(o, addr+abi.BTFInfoID, int(size)-abi.BTFInfoID),
		abi.BTFInfoNameLen: 0, abi.BTFInfoKernelBTF: 0,
	} {
		binary.LittleEndian.PutUint32(info[at:], v)
	}
	if !x.user.write(addr, info[:size]) || !x.user.put(x.call.Attr+abi.InfoLen, size) {
		return abi.EFAULT
	}
	return abi.OK
}
