package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// btfInfo is struct bpf_btf_info.
type btfInfo [abi.BTFInfoSize]byte

func (i *btfInfo) u32(off int) uint32      { return binary.LittleEndian.Uint32(i[off:]) }
func (i *btfInfo) u64(off int) uint64      { return binary.LittleEndian.Uint64(i[off:]) }
func (i *btfInfo) put32(off int, v uint32) { binary.LittleEndian.PutUint32(i[off:], v) }

// own is 1 for the kernel's own BTF.
func (b *BTF) own() uint32 {
	if b.name != "" {
		return 1
	}
	return 0
}

// writeBTFInfo follows btf_get_info_by_fd: as much of the data as there is room for, its size, and the name, which only the
// kernel's own BTF has.
func (c *call) writeBTFInfo(b *BTF, args ObjGetInfoByFD) abi.Errno {
	if errno := c.zeroBehind(args.Info, abi.BTFInfoSize, args.InfoLen); errno != abi.OK {
		return errno
	}
	var info btfInfo
	n := min(args.InfoLen, abi.BTFInfoSize)
	if errno := c.copyIn(info[:n], args.Info); errno != abi.OK {
		return errno
	}
	data := b.types.Data()
	if errno := c.copyOut(info.u64(abi.BTFInfoData), data[:min(len(data), int(info.u32(abi.BTFInfoDataSize)))]); errno != abi.OK {
		return errno
	}
	name, room := info.u64(abi.BTFInfoName), info.u32(abi.BTFInfoNameLen)
	if (name == 0) != (room == 0) {
		return abi.EINVAL
	}
	if name != 0 {
		if errno := c.putName(name, room, b.name); errno != abi.OK {
			return errno
		}
	}
	info.put32(abi.BTFInfoDataSize, uint32(len(data)))
	info.put32(abi.BTFInfoID, b.id)
	info.put32(abi.BTFInfoNameLen, uint32(len(b.name)))
	info.put32(abi.BTFInfoKernelBTF, b.own())
	if errno := c.copyOut(args.Info, info[:n]); errno != abi.OK {
		return errno
	}
	return c.putWord(c.addr+abi.InfoLen, n)
}

// putName writes a name with its NUL, as much of it as there is room for: ENOSPC where that is not all.
func (c *call) putName(addr uint64, room uint32, name string) abi.Errno {
	text := append([]byte(name), 0)
	if int64(len(text)) <= int64(room) {
		return c.copyOut(addr, text)
	}
	text = append(text[:room-1:room-1], 0)
	if errno := c.copyOut(addr, text); errno != abi.OK {
		return errno
	}
	return abi.ENOSPC
}
