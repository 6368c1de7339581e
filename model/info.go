package model

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// info is OBJ_GET_INFO_BY_FD of a map (bpf_map_get_info_by_fd in kernel/bpf/syscall.c) or of what else has an id. Its errno for an fd that is
// not open is EBADFD, not EBADF (measured).
func (x *run) info() abi.Errno {
	if f, _ := x.state.files.get(int32(x.u32(abi.InfoBPFFD))); f.serial != 0 {
		switch o := x.state.object(f.serial); o.class() {
		case ofBTF:
			return x.btfInfo(o)
		case ofProgs:
			return x.progInfo(o)
		case ofLinks:
			return x.linkInfo(o)
		}
	}
	o, _, errno := x.open(abi.InfoBPFFD)
	if errno == abi.EBADF {
		return abi.EBADFD
	}
	if errno != abi.OK || x.loose {
		return errno
	}
	size, addr := x.u32(abi.InfoLen), x.u64(abi.InfoPtr)
	if errno := x.checkInfo(addr, size); errno != abi.OK {
		return errno
	}
	size = min(size, uint32(x.infoSize()))
	given, ok := x.user.read(addr, int(size))
	if !ok && x.keepsInfo() {
		return abi.EFAULT
	}
	info := make([]byte, abi.MapInfoSize)
	if x.keepsInfo() {
		copy(info, given)
	}
	if errno := x.hashInfo(o, info); errno != abi.OK {
		return errno
	}
	x.fillInfo(o, info, addr, size)
	if !x.user.write(addr, info[:size]) || !x.user.put(x.call.Attr+abi.InfoLen, size) {
		return abi.EFAULT
	}
	return abi.OK
}

// checkInfo: at most a page, and what the kernel does not know must be zero, the padding at the end too (measured).
func (x *run) checkInfo(addr uint64, size uint32) abi.Errno {
	end := uint32(x.infoEnd())
	switch {
	case size > abi.MaxAttrSize:
		return abi.E2BIG
	case size <= end:
		return abi.OK
	}
	return x.tailZero(addr+uint64(end), size-end)
}

// fillInfo sets the fields that the kernel knows of the map. Those of network devices, and of BTF where there is none, stay as
// the caller left them (measured).
func (x *run) fillInfo(o *object, info []byte, addr uint64, size uint32) {
	for _, field := range []struct {
		offset int
		v      uint32
	}{
		{abi.MapInfoType, uint32(o.kind)}, {abi.MapInfoID, x.learnID(o, addr+abi.MapInfoID, int(size)-abi.MapInfoID)}, {abi.MapInfoKeySize, o.keySize},
		{abi.MapInfoValueSize, o.valueSize}, {abi.MapInfoMaxEntries, o.maxEntries}, {abi.MapInfoMapFlags, o.flags},
		{abi.MapInfoBTFVmlinuxVT, 0}, {abi.MapInfoMapExtra, uint32(o.extra)}, {abi.MapInfoMapExtra + 4, uint32(o.extra >> 32)},
	} {
		binary.LittleEndian.PutUint32(info[field.offset:], field.v)
	}
	copy(info[abi.MapInfoName:], o.name[:])
	if o.typed.serial != 0 {
		id := x.learnID(x.state.object(o.typed.serial), addr+abi.MapInfoBTFID, int(size)-abi.MapInfoBTFID)
		for at, v := range map[int]uint32{abi.MapInfoBTFID: id, abi.MapInfoBTFKeyType: o.typed.key, abi.MapInfoBTFValueType: o.typed.value} {
			binary.LittleEndian.PutUint32(info[at:], v)
		}
	}
}

// learnID is o's id, taken from what the kernel wrote to field when it was not known yet, of which room bytes were asked for;
// another number when that cannot be.
func (x *run) learnID(o *object, field uint64, room int) uint32 {
	if o.id != 0 {
		return o.id
	}
	id := u32(x.after(field, 4))
	length := x.call.Attr + abi.InfoLen
	if x.seen.Errno != abi.OK || room < 4 || field-length+3 < 7 {
		return id // not all of it, or info_len written over it
	}
	if !x.state.possibleID(o, id) {
		return ^id
	}
	x.state.edit(o.serial).id = id
	return id
}

// hashInfo is the hash of a map's contents: only arrays have one, only once they are frozen (measured).
func (x *run) hashInfo(o *object, info []byte) abi.Errno {
	addr := binary.LittleEndian.Uint64(info[abi.MapInfoHash:])
	size := binary.LittleEndian.Uint32(info[abi.MapInfoHashSize:])
	a, isArray := o.table.(*array)
	switch {
	case addr == 0 && size == 0:
		return abi.OK
	case addr == 0 || !isArray || o.kind != abi.Array || size != sha256.Size:
		return abi.EINVAL
	case !o.frozen:
		return abi.EPERM
	}
	sum := sha256.Sum256(a.bytes())
	if !x.user.write(addr, sum[:]) {
		return abi.EFAULT
	}
	return abi.OK
}
