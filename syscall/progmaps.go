package bpfsys

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/insn"
)

// maxUsed is MAX_USED_MAPS and MAX_USED_BTFS.
const maxUsed = 64

// resolve follows resolve_pseudo_ldimm64. The tag comes first: it is of the program as it was given.
func (l *loading) resolve() abi.Errno {
	l.made.digest = digest(l.made.insns)
	return insn.Resolve(l.made.insns, l, l.log)
}

// Map finds the map that an instruction loads and leaves its place among those of the program (insn.Resolver).
func (l *loading) Map(at int, load, second insn.Insn) abi.Errno {
	fd := load.Imm
	if load.Src == insn.MapIdx || load.Src == insn.MapIdxValue {
		if l.FDArray == 0 {
			l.log.Printf("fd_idx without fd_array is invalid\n")
			return abi.EPROTO
		}
		var errno abi.Errno
		if fd, errno = l.arrayFD(int64(load.Imm)); errno != abi.OK {
			return errno
		}
	}
	place, errno := l.mapByFD(fd)
	if errno != abi.OK {
		return errno
	}
	if load.Src == insn.MapValue || load.Src == insn.MapIdxValue {
		if errno := l.checkDirect(l.made.maps[place], uint32(second.Imm)); errno != abi.OK {
			return errno
		}
	}
	l.made.loads = append(l.made.loads, mapLoad{at, place})
	return abi.OK
}

// mapByFD is the place of the map behind fd.
func (l *loading) mapByFD(fd int32) (place int, errno abi.Errno) {
	file, errno := l.file(fd, abi.EBADF)
	if errno != abi.OK {
		l.log.Printf("fd %d is not pointing to valid bpf_map\n", fd)
		return 0, errno
	}
	defer l.leave(file)
	if file.m == nil {
		l.log.Printf("fd %d is not pointing to valid bpf_map\n", fd)
		return 0, abi.EINVAL
	}
	return l.useMap(file.m)
}

// useMap has the program hold a map, once, and is its place (__add_used_map).
func (l *loading) useMap(m *Map) (place int, errno abi.Errno) {
	p := l.made
	if place = slices.Index(p.maps, m); place >= 0 {
		return place, abi.OK
	}
	if len(p.maps) >= maxUsed {
		l.log.Printf("The total number of maps per program has reached the limit of %d\n", maxUsed)
		return 0, abi.E2BIG
	}
	if errno := l.checkMap(m); errno != abi.OK {
		return 0, errno
	}
	if !m.tryHold() {
		return 0, abi.EBADF
	}
	p.maps = append(p.maps, m)
	return len(p.maps) - 1, abi.OK
}

// useBTF has the program hold BTF whose types it speaks of (__add_used_btf).
func (l *loading) useBTF(b *BTF) abi.Errno {
	p := l.made
	switch {
	case slices.Contains(p.used, b):
		return abi.OK
	case len(p.used) >= maxUsed:
		return abi.E2BIG
	case !b.tryHold():
		return abi.EBADF
	}
	p.used = append(p.used, b)
	return abi.OK
}

// checkDirect: the one value of an array can be addressed (array_map_direct_value_addr).
func (l *loading) checkDirect(m *Map, off uint32) abi.Errno {
	const maxOff = 1 << 29 // BPF_MAX_VAR_OFF
	spec := m.Spec()
	switch {
	case off >= maxOff:
		l.log.Printf("direct value offset of %d is not allowed\n", off)
		return abi.EINVAL
	case spec.Type != abi.Array && spec.Type != abi.Arena:
		l.log.Printf("no direct value access support for this map type\n")
		return abi.EINVAL
	}
	errno := abi.OK
	switch {
	case spec.Type == abi.Arena && uint64(off) > uint64(spec.MaxEntries)*4096:
		errno = abi.ERANGE
	case spec.Type == abi.Arena:
	case spec.MaxEntries != 1:
		errno = abi.ENOTSUPP
	case off >= spec.ValueSize:
		errno = abi.EINVAL
	}
	if errno != abi.OK {
		l.log.Printf("invalid access to map value pointer, value_size=%d off=%d\n", spec.ValueSize, off)
	}
	return errno
}

// checkMap follows check_map_prog_compatibility.
func (l *loading) checkMap(m *Map) abi.Errno {
	spec, record := m.Spec(), m.types.record
	refuse := func(why string) abi.Errno {
		l.log.Printf("%s\n", why)
		return abi.EINVAL
	}
	traces := tracing(l.Type)
	switch {
	case m.exclusive != nil && *m.exclusive != l.made.digest:
		l.log.Printf("program's hash doesn't match map's excl_prog_hash\n")
		return abi.EACCES
	case traces && record.Has(btf.ListHead|btf.RBRoot):
		return refuse("tracing progs cannot use bpf_{list_head,rb_root} yet")
	case l.Type == abi.ProgSocketFilter && record.Has(btf.SpinLock|btf.ResSpinLock):
		return refuse("socket filter progs cannot use bpf_spin_lock yet")
	case traces && record.Has(btf.SpinLock|btf.ResSpinLock):
		return refuse("tracing progs cannot use bpf_spin_lock yet")
	case traces && record.Has(btf.Timer):
		return refuse("tracing progs cannot use bpf_timer yet")
	case traces && record.Has(btf.WorkQueue):
		return refuse("tracing progs cannot use bpf_wq yet")
	case spec.Type == abi.StructOps:
		return refuse("bpf_struct_ops map cannot be used in prog")
	case l.sleepable() && !reachableAsleep(spec.Type):
		return refuse("Sleepable programs can only use array, hash, ringbuf and local storage maps")
	}
	return l.checkOnly(m)
}

// checkOnly: a program has one cgroup storage of each type (bpf_cgroup_storage_assign), and one arena (__add_used_map).
func (l *loading) checkOnly(m *Map) abi.Errno {
	if m.Spec().Type == abi.Arena {
		return l.checkArena(m)
	}
	place := slices.Index(cgroupStorages[:], m.Spec().Type)
	switch {
	case place < 0:
		return abi.OK
	case l.made.cgroup[place] != nil:
		l.log.Printf("only one cgroup storage of each type is allowed\n")
		return abi.EBUSY
	}
	l.made.cgroup[place] = m
	return abi.OK
}

var cgroupStorages = [2]abi.MapType{abi.CgroupStorage, abi.PerCPUCgroupStorage}

func (l *loading) checkArena(m *Map) abi.Errno {
	switch {
	case l.arena != nil:
		l.log.Printf("Only one arena per program\n")
		return abi.EBUSY
	case !l.proc.Caps.SysAdmin: // CAP_PERFMON, which it holds
		l.log.Printf("CAP_BPF and CAP_PERFMON are required to use arena\n")
		return abi.EPERM
	case m.Spec().Extra == 0 && !m.mapped.Load():
		l.log.Printf("arena's user address must be set via map_extra or mmap()\n")
		return abi.EINVAL
	}
	l.arena = m
	return abi.OK
}

// tracing tells the programs that may run at any instruction of the kernel (is_tracing_prog_type).
func tracing(t abi.ProgType) bool {
	switch t {
	case abi.ProgKprobe, abi.ProgTracepoint, abi.ProgPerfEvent, abi.ProgRawTracepoint, abi.ProgRawTracepointWritable:
		return true
	}
	return false
}

// reachableAsleep tells the maps that programs may use that sleep.
func reachableAsleep(t abi.MapType) bool {
	switch t {
	case abi.Hash, abi.LRUHash, abi.Array, abi.PerCPUHash, abi.PerCPUArray, abi.LRUPerCPUHash, abi.ArrayOfMaps, abi.HashOfMaps,
		abi.RingBuf, abi.UserRingBuf, abi.InodeStorage, abi.SKStorage, abi.TaskStorage, abi.CgrpStorage, abi.Queue, abi.Stack,
		abi.Arena:
		return true
	}
	return false
}
