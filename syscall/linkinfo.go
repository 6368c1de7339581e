package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// linkInfo is struct bpf_link_info while it is filled in; the call copies names and lists to where it says.
type linkInfo struct {
	*call
	raw [abi.LinkInfoSize]byte
}

func (i *linkInfo) u32(off int) uint32      { return binary.LittleEndian.Uint32(i.raw[off:]) }
func (i *linkInfo) u64(off int) uint64      { return binary.LittleEndian.Uint64(i.raw[off:]) }
func (i *linkInfo) put32(off int, v uint32) { binary.LittleEndian.PutUint32(i.raw[off:], v) }
func (i *linkInfo) put64(off int, v uint64) { binary.LittleEndian.PutUint64(i.raw[off:], v) }

// name copies a string to the address at addrOff, where there is room for as many bytes as size says. The size that it has
// comes into the place of size. A name without room for all of it ends with a NUL, and the call with ENOSPC.
func (i *linkInfo) name(addrOff, sizeOff int, name string) abi.Errno {
	addr, room := i.u64(addrOff), i.u32(sizeOff)
	if (addr == 0) != (room == 0) {
		return abi.EINVAL
	}
	i.put32(sizeOff, uint32(len(name)+1))
	if addr == 0 {
		return abi.OK
	}
	return i.copyName(addr, room, name)
}

func (c *call) copyName(addr uint64, room uint32, name string) abi.Errno {
	text := append([]byte(name), 0)
	if int(room) >= len(text) {
		return c.copyOut(addr, text)
	}
	text = text[:room]
	text[room-1] = 0
	if errno := c.copyOut(addr, text); errno != abi.OK {
		return errno
	}
	return abi.ENOSPC
}

// list copies as many numbers to the address at addrOff as there is room for.
func (c *call) copyList(addr uint64, room uint32, list []uint64) abi.Errno {
	raw := make([]byte, 0, 8*len(list))
	for _, v := range list[:min(int(room), len(list))] {
		raw = binary.LittleEndian.AppendUint64(raw, v)
	}
	return c.copyOut(addr, raw)
}

// linkInfo follows bpf_link_get_info_by_fd.
func (c *call) linkInfo(l *Link, args ObjGetInfoByFD) abi.Errno {
	if errno := c.zeroBehind(args.Info, abi.LinkInfoSize, args.InfoLen); errno != abi.OK {
		return errno
	}
	i := linkInfo{call: c.escaping()}
	n := min(args.InfoLen, abi.LinkInfoSize)
	if errno := i.copyIn(i.raw[:n], args.Info); errno != abi.OK {
		return errno
	}
	p, attached := l.now()
	i.put32(abi.LinkInfoType, uint32(l.kind.link))
	i.put32(abi.LinkInfoID, l.id)
	if p != nil {
		i.put32(abi.LinkInfoProgID, p.id)
	}
	if errno := l.place.info(&i, l, attached); errno != abi.OK {
		return errno
	}
	if errno := i.copyOut(args.Info, i.raw[:n]); errno != abi.OK {
		return errno
	}
	return i.putWord(c.addr+abi.InfoLen, n)
}

// escaping is c for what keeps a pointer to it: c itself stays on the stack. Both have the same buffers.
func (c *call) escaping() *call {
	c.kept()
	own := *c
	return &own
}
