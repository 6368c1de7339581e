package bpfsys

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// objGetInfoByFD follows bpf_obj_get_info_by_fd in kernel/bpf/syscall.c, which alone answers EBADFD for an fd that is
// not open.
func (c *call) objGetInfoByFD() (int32, abi.Errno) {
	var args ObjGetInfoByFD
	args.Decode(c.attr)
	file, errno := c.file(args.FD, abi.EBADFD)
	if errno != abi.OK {
		return 0, errno
	}
	defer c.leave(file)
	switch o := file.object.(type) {
	case *Map:
		return 0, c.mapInfo(o, args)
	case *BTF:
		return 0, c.writeBTFInfo(o, args)
	case *Program:
		return 0, c.progInfo(o, args)
	case *Link:
		return 0, c.linkInfo(o, args)
	case *Iter:
		return 0, abi.EINVAL
	}
	return 0, abi.EINVAL
}

// mapInfo starts from what the caller's buffer holds, if the profile says so: fields that do not apply to the map keep it.
func (c *call) mapInfo(m *Map, args ObjGetInfoByFD) abi.Errno {
	profile := c.kernel.profile
	if errno := c.zeroBehind(args.Info, profile.MapInfoEnd, args.InfoLen); errno != abi.OK {
		return errno
	}
	var info mapInfo
	n := min(args.InfoLen, profile.MapInfo)
	if profile.ReadsMapInfo {
		if errno := c.copyIn(info[:n], args.Info); errno != abi.OK {
			return errno
		}
	}
	info.fill(m)
	if errno := c.contentHash(m, &info); errno != abi.OK {
		return errno
	}
	if errno := c.copyOut(args.Info, info[:n]); errno != abi.OK {
		return errno
	}
	return c.putWord(c.addr+abi.InfoLen, n)
}

// mapInfo is struct bpf_map_info.
type mapInfo [abi.MapInfoSize]byte

func (i *mapInfo) put32(off int, v uint32) { binary.LittleEndian.PutUint32(i[off:], v) }

func (i *mapInfo) fill(m *Map) {
	spec := m.Spec()
	i.put32(abi.MapInfoType, uint32(spec.Type))
	i.put32(abi.MapInfoID, m.id)
	i.put32(abi.MapInfoKeySize, spec.KeySize)
	i.put32(abi.MapInfoValueSize, spec.ValueSize)
	i.put32(abi.MapInfoMaxEntries, spec.MaxEntries)
	i.put32(abi.MapInfoMapFlags, spec.Flags)
	clear(i[abi.MapInfoName : abi.MapInfoName+abi.NameLen])
	copy(i[abi.MapInfoName:], m.name)
	i.put32(abi.MapInfoBTFVmlinuxVT, 0)
	if m.ops != nil {
		i.put32(abi.MapInfoBTFVmlinuxVT, m.ops.kind.valueID)
		i.put32(abi.MapInfoBTFVmlinux, m.ops.kind.types.id)
	}
	binary.LittleEndian.PutUint64(i[abi.MapInfoMapExtra:], spec.Extra)
	if m.types.btf != nil {
		i.put32(abi.MapInfoBTFID, m.types.btf.id)
		i.put32(abi.MapInfoBTFKeyType, m.types.key)
		i.put32(abi.MapInfoBTFValueType, m.types.value)
	}
}

// contentHash writes the SHA-256 of a frozen array's elements to the address in hash (array_map_get_hash in
// kernel/bpf/arraymap.c, measured on 6.18). The other types have no such hash.
func (c *call) contentHash(m *Map, info *mapInfo) abi.Errno {
	addr := binary.LittleEndian.Uint64(info[abi.MapInfoHash:])
	size := binary.LittleEndian.Uint32(info[abi.MapInfoHashSize:])
	elements, ok := m.maps.(interface{ Hash() [sha256.Size]byte })
	switch {
	case addr == 0 && size == 0:
		return abi.OK
	case addr == 0, !ok, size != sha256.Size:
		return abi.EINVAL
	case !m.Frozen():
		return abi.EPERM
	}
	sum := elements.Hash()
	return c.copyOut(addr, sum[:])
}

// memlock is the map's memory as fdinfo has it, in bytes.
func (m *Map) memlock() uint64 {
	if !m.kernel.profile.MemlockByShape {
		return m.maps.Memlock()
	}
	const page = 4096
	spec := m.Spec()
	element := (uint64(spec.KeySize) + uint64(m.maps.ValueBytes()) + 7) &^ 7
	return (uint64(spec.MaxEntries)*element + page - 1) &^ (page - 1)
}

// FDInfo is the map's part of /proc/PID/fdinfo/FD (bpf_map_show_fdinfo in kernel/bpf/syscall.c).
func (m *Map) FDInfo() string {
	spec := m.Spec()
	var b strings.Builder
	fmt.Fprintf(&b, "map_type:\t%d\n", spec.Type)
	fmt.Fprintf(&b, "key_size:\t%d\n", spec.KeySize)
	fmt.Fprintf(&b, "value_size:\t%d\n", spec.ValueSize)
	fmt.Fprintf(&b, "max_entries:\t%d\n", spec.MaxEntries)
	fmt.Fprintf(&b, "map_flags:\t%#x\n", spec.Flags)
	fmt.Fprintf(&b, "map_extra:\t%#x\n", spec.Extra)
	fmt.Fprintf(&b, "memlock:\t%d\n", m.memlock())
	fmt.Fprintf(&b, "map_id:\t%d\n", m.id)
	frozen := 0
	if m.Frozen() {
		frozen = 1
	}
	fmt.Fprintf(&b, "frozen:\t%d\n", frozen)
	return b.String() + m.owner.fdinfo()
}
