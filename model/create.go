package model

import (
	"bytes"

	"github.com/bpfsim/bpfsim/abi"
)

// maxMemory is in bytes: a map above it may also fail for want of memory.
const maxMemory = 64 << 20

// Flags of fds, which the map itself does not keep, and flags that say what programs may do.
const (
	fdFlags     = abi.FlagReadOnly | abi.FlagWriteOnly
	progFlags   = abi.FlagReadOnlyProg | abi.FlagWriteOnlyProg
	accessFlags = fdFlags | progFlags
)

// create is MAP_CREATE (map_create in kernel/bpf/syscall.c).
func (x *run) create() (int32, abi.Errno) {
	s := x.spec()
	for _, check := range []func(*run, *spec) abi.Errno{
		(*run).checkFields, (*run).checkType, (*run).checkToken, (*run).checkCaller, (*run).checkDevice, (*run).checkInner, (*run).checkOps, (*run).allocate,
		(*run).checkName, (*run).checkBTF, (*run).checkHash,
	} {
		if errno := check(x, &s); errno != abi.OK || x.loose {
			return x.unspecified(errno)
		}
	}
	a := accessOf(s.flags)
	s.flags &^= fdFlags
	if s.kind == abi.DevMap || s.kind == abi.DevMapHash { // programs redirect through them alone
		s.flags |= abi.FlagReadOnlyProg
	}
	cpus := x.state.config.CPUs
	o := &object{spec: s, table: kinds[s.kind].table(s, cpus), valueBytes: s.valueBytes(cpus)}
	x.state.add(o)
	return x.newFD(o.serial, a)
}

// unspecified ends a call whose rules are not here: whatever came of it, nothing more is known of that map.
func (x *run) unspecified(errno abi.Errno) (int32, abi.Errno) {
	if x.loose && x.seen.Errno == abi.OK {
		o := &object{lost: true}
		x.state.add(o)
		x.state.replace(x.seen.Ret, &description{serial: o.serial, access: access{true, true}})
	}
	return 0, errno
}

// spec reads the fields that make a map. BPF_F_TOKEN_FD is no flag of the map.
func (x *run) spec() spec {
	s := spec{
		kind:       abi.MapType(x.u32(abi.CreateMapType)),
		keySize:    x.u32(abi.CreateKeySize),
		valueSize:  x.u32(abi.CreateValueSize),
		maxEntries: x.u32(abi.CreateMaxEntries),
		flags:      x.u32(abi.CreateMapFlags) &^ abi.FlagTokenFD,
		extra:      x.u64(abi.CreateMapExtra),
		node:       abi.AnyNode,
	}
	s.lruTarget, s.innerMoves = x.state.config.lruTarget(s.maxEntries), x.state.config.innerMoves()
	s.ofKernel = x.u32(abi.CreateBTFVmlinuxValueTID)
	s.typed.key, s.typed.value = x.u32(abi.CreateBTFKeyTypeID), x.u32(abi.CreateBTFValueTypeID)
	if s.flags&abi.FlagNUMANode != 0 {
		s.node = x.u32(abi.CreateNumaNode)
	}
	return s
}

// accessOf is what an fd opened with those flags may be used for.
func accessOf(flags uint32) access {
	return access{read: flags&abi.FlagWriteOnly == 0, write: flags&abi.FlagReadOnly == 0}
}

// checkFields is what no type accepts. All answer EINVAL, so their order cannot be seen. Map types without rules here
// end the judgement.
func (x *run) checkFields(s *spec) abi.Errno {
	keyType, valueType := x.u32(abi.CreateBTFKeyTypeID), x.u32(abi.CreateBTFValueTypeID)
	switch {
	case s.kind == abi.Unspec || !x.knowsType(s.kind):
		return abi.EINVAL
	case kinds[s.kind].table == nil:
		x.loose = true
	case s.ofKernel != 0 && (s.kind != abi.StructOps || keyType != 0 || valueType != 0):
		return abi.EINVAL
	case keyType != 0 && valueType == 0:
		return abi.EINVAL
	case s.extra != 0 && s.kind != abi.BloomFilter && s.kind != abi.Arena:
		return abi.EINVAL
	case s.flags&fdFlags == fdFlags:
		return abi.EINVAL
	case s.node != abi.AnyNode && s.node != 0: // not online
		return abi.EINVAL
	}
	return abi.OK
}

// badFlags reports flags outside known, or programs that may neither read nor write.
func (s *spec) badFlags(known uint32) bool {
	return s.flags&^known != 0 || s.flags&progFlags == progFlags
}

// checkType is the type's own look at the fields (map_alloc_check).
func (x *run) checkType(s *spec) abi.Errno {
	switch s.kind {
	case abi.DevMap, abi.DevMapHash, abi.SockMap, abi.SockHash, abi.XSKMap:
		if x.oldRights() && !x.state.config.SysAdmin {
			return abi.EPERM
		}
	}
	if check := kinds[s.kind].check; check != nil {
		return check(s, x.state.config.SysAdmin)
	}
	return abi.OK
}

// checkToken: no fd of a program here is a token.
func (x *run) checkToken(*spec) abi.Errno {
	if x.u32(abi.CreateMapFlags)&abi.FlagTokenFD == 0 {
		return abi.OK
	}
	return x.notA(abi.CreateMapTokenFD)
}

// notA is the errno of an fd field that must hold another kind of object than a map: open or not.
func (x *run) notA(offset int) abi.Errno {
	return x.noFD(int32(x.u32(offset)))
}

// noFD is the errno of an fd that must be of an object which no fd here is of.
func (x *run) noFD(fd int32) abi.Errno {
	if !x.state.Open(fd) {
		return abi.EBADF
	}
	return abi.EINVAL
}

// checkCaller: without CAP_BPF every type is refused, but only after the checks above (measured as uid 65534).
// CAP_SYS_ADMIN holds CAP_BPF (bpf_capable; measured).
func (x *run) checkCaller(s *spec) abi.Errno {
	if !x.state.config.BPF && !x.state.config.SysAdmin || s.ofNetwork() && !x.state.config.SysAdmin {
		return abi.EPERM
	}
	return abi.OK
}

// ofNetwork reports the types that want CAP_NET_ADMIN, which nobody here has but as CAP_SYS_ADMIN (measured on 6.18).
func (s *spec) ofNetwork() bool {
	switch s.kind {
	case abi.DevMap, abi.DevMapHash, abi.SockMap, abi.SockHash, abi.XSKMap:
		return true
	}
	return false
}

// checkDevice refuses maps of network devices.
func (x *run) checkDevice(s *spec) abi.Errno {
	errno, _ := x.offload(s.kind)
	return errno
}

// allocate is map_alloc: the rounding of private LRU lists, then what the type finds out only now.
func (x *run) allocate(s *spec) abi.Errno {
	if s.flags&abi.FlagNoCommonLRU != 0 {
		s.maxEntries = s.roundUp(uint32(x.state.config.CPUs))
	}
	if alloc := kinds[s.kind].alloc; alloc != nil {
		if errno := alloc(s); errno != abi.OK {
			return errno
		}
	}
	if s.memory(x.state.config.CPUs) > maxMemory && x.seen.Errno == abi.ENOMEM {
		return abi.ENOMEM
	}
	return abi.OK
}

// offload is the errno of a map for a network device: HASH and ARRAY exist there, but no device here takes them. Of
// devices other than 1 (lo) it is not known whether they exist.
func (x *run) offload(kind abi.MapType) (abi.Errno, bool) {
	device := x.u32(abi.CreateMapIfindex)
	switch {
	case device == 0:
		return abi.OK, false
	case !x.state.config.SysAdmin: // measured with CAP_BPF alone
		return abi.EPERM, true
	case kind != abi.Hash && kind != abi.Array:
		return abi.EINVAL, true
	case device == 1 || x.seen.Errno == abi.EOPNOTSUPP:
		return abi.EOPNOTSUPP, true
	}
	return abi.EINVAL, true
}

// roundUp makes max_entries a multiple of the CPUs, unless that overflows (htab_map_alloc in hashtab.c).
func (s *spec) roundUp(cpus uint32) uint32 {
	rounded := (s.maxEntries + cpus - 1) / cpus * cpus
	if rounded < s.maxEntries {
		return s.maxEntries / cpus * cpus
	}
	return rounded
}

// memory is about what the map costs, in bytes.
func (s *spec) memory(cpus int) uint64 {
	return uint64(s.maxEntries) * (uint64(s.keySize) + uint64(s.valueBytes(cpus)) + 64)
}

// checkName: legal bytes up to a NUL that must be there (bpf_obj_name_cpy).
func (x *run) checkName(s *spec) abi.Errno { return x.readName(abi.CreateMapName, &s.name) }

func (x *run) readName(offset int, name *[abi.NameLen]byte) abi.Errno {
	field := x.attr[offset:][:abi.NameLen]
	n := bytes.IndexByte(field, 0)
	if n < 0 {
		return abi.EINVAL
	}
	for _, c := range field[:n] {
		if !nameByte(c) {
			return abi.EINVAL
		}
	}
	copy(name[:], field[:n])
	return abi.OK
}

// nameByte reports whether c may be in a name: isalnum() of the kernel knows Latin-1 (measured over all bytes).
func nameByte(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '_', c == '.':
		return true
	}
	return c >= 0xc0 && c != 0xd7 && c != 0xf7
}

// checkHash is excl_prog_hash: a pointer and size 32, or neither (measured).
func (x *run) checkHash(s *spec) abi.Errno {
	addr, size := x.u64(abi.CreateExclProgHash), x.u32(abi.CreateExclProgHashSize)
	s.exclusive = addr != 0
	if addr == 0 && size == 0 {
		return abi.OK
	}
	if addr == 0 || size != 32 {
		return abi.EINVAL
	}
	if _, ok := x.user.read(addr, int(size)); !ok {
		return abi.EFAULT
	}
	return abi.OK
}
