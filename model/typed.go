package model

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// typed is what a map keeps of its types.
type typed struct {
	serial     int // of its BTF, 0 for a map without types
	key, value uint32
	fields     []field // parts of a value that the kernel keeps for itself
}

// has reports whether values have a field of one of the kinds.
func (t *typed) has(kinds fieldKind) bool {
	return slices.ContainsFunc(t.fields, func(f field) bool { return f.kind&kinds != 0 })
}

// checkBTF is map_check_btf in kernel/bpf/syscall.c (measured on 6.18).
func (x *run) checkBTF(s *spec) abi.Errno {
	key, value := x.u32(abi.CreateBTFKeyTypeID), x.u32(abi.CreateBTFValueTypeID)
	if key == 0 && value == 0 {
		return abi.OK
	}
	f, open := x.state.files.get(int32(x.u32(abi.CreateBTFFD)))
	switch {
	case !open:
		return abi.EBADF
	case f.serial == 0 || x.state.object(f.serial).btf == nil:
		return abi.EINVAL
	}
	s.typed = typed{serial: f.serial, key: key, value: value}
	return s.checkTypes(x.state.object(f.serial).btf.types, x.seen.Errno, x.state.config.lockErrno())
}

// checkTypes: sizes, then the fields of the value, then what the map's type asks for.
func (s *spec) checkTypes(t *types, seen, noLocks abi.Errno) abi.Errno {
	key, size, ok := t.sized(s.typed.key)
	check, checks := typeChecks[s.kind]
	if s.typed.key != 0 && (!ok || size != s.keySize) || s.typed.key == 0 && !checks {
		return abi.EINVAL
	}
	value, size, ok := t.sized(s.typed.value)
	if !ok || size != s.valueSize {
		return abi.EINVAL
	}
	s.typed.fields = t.fieldsOf(value, s.typed.serial)
	if errno := s.checkKept(seen, noLocks); errno != abi.OK || !checks {
		return errno
	}
	if s.kind == abi.CgroupStorage || s.kind == abi.PerCPUCgroupStorage {
		return unless(s.cgroupKey(t, key))
	}
	return check(s, key, value)
}

// cgroupKey is cgroup_storage_check_btf: a cgroup's id of 64 bits, alone or in a struct with an attach type of 32 behind it.
func (s *spec) cgroupKey(t *types, key typ) bool {
	if s.keySize == 8 {
		return key.isInt(64)
	}
	if key.kind != kindStruct || key.vlen != 2 || key.member(0).bits != 0 || key.member(1).bits != 64 {
		return false
	}
	id, _, _ := t.sized(key.member(0).typ)
	attach, _, _ := t.sized(key.member(1).typ)
	return id.isInt(64) && attach.isInt(32)
}

// checkKept is which maps may have the fields; noLocks is told where a lock may not be.
func (s *spec) checkKept(seen, noLocks abi.Errno) abi.Errno {
	if len(s.typed.fields) == 0 {
		return abi.OK
	}
	if s.flags&progFlags != 0 {
		return abi.EACCES
	}
	for kinds, types := range fieldTypes {
		if s.typed.has(kinds) && !slices.Contains(types, s.kind) {
			if kinds&locks != 0 {
				return noLocks
			}
			return abi.EOPNOTSUPP
		}
	}
	if s.typed.has(graphs) && seen == abi.EFAULT { // what a list has is not known to be fit for it
		return abi.EFAULT
	}
	return abi.OK
}

// fieldTypes are the map types whose values may have a field.
var fieldTypes = map[fieldKind][]abi.MapType{
	spinLock | resSpinLock:                           append(storages, abi.Hash, abi.Array, abi.CgroupStorage),
	timer | workQueue | taskWork | listHead | rbRoot: {abi.Hash, abi.LRUHash, abi.Array},
	kptr | refcount:                                  append(storages, abi.Hash, abi.PerCPUHash, abi.LRUHash, abi.LRUPerCPUHash, abi.Array, abi.PerCPUArray),
	uptr:                                             {abi.TaskStorage},
}

// storages are the map types whose values belong to something.
var storages = []abi.MapType{abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage}

// typeChecks are what some map types ask of their types: key is void where none is named.
var typeChecks = map[abi.MapType]func(s *spec, key, value typ) abi.Errno{
	abi.Array:          (*spec).arrayTypes,
	abi.PerCPUArray:    (*spec).arrayTypes,
	abi.LPMTrie:        func(_ *spec, key, _ typ) abi.Errno { return unless(key.kind == kindStruct) },
	abi.SKStorage:      ownersTypes,
	abi.InodeStorage:   ownersTypes,
	abi.TaskStorage:    ownersTypes,
	abi.CgrpStorage:    ownersTypes,
	abi.BloomFilter:    func(_ *spec, key, _ typ) abi.Errno { return unless(key.kind == 0) },
	abi.ArrayOfMaps:    noTypes,
	abi.HashOfMaps:     noTypes,
	abi.CPUMap:         noTypes,
	abi.PerfEventArray: noTypes,
	abi.StackTrace:     noTypes, abi.CgroupArray: noTypes, abi.DevMap: noTypes, abi.DevMapHash: noTypes, abi.SockMap: noTypes,
	abi.SockHash: noTypes, abi.XSKMap: noTypes, abi.CgroupStorage: noTypes, abi.PerCPUCgroupStorage: noTypes, // but see cgroupKey
}

func unless(ok bool) abi.Errno {
	if ok {
		return abi.OK
	}
	return abi.EINVAL
}

// ownersTypes: a key is an fd.
func ownersTypes(_ *spec, key, _ typ) abi.Errno { return unless(key.isInt32()) }

func noTypes(*spec, typ, typ) abi.Errno { return abi.ENOTSUPP }

// arrayTypes: only the one element of a section of variables needs no key.
func (s *spec) arrayTypes(key, value typ) abi.Errno {
	if s.typed.key == 0 {
		return unless(s.kind == abi.Array && s.maxEntries == 1 && value.kind == kindDataSec)
	}
	return unless(key.isInt32())
}

// initial makes the kernel's fields in a value what they are in a new one, and is the value: a copy where there are any.
func (s *spec) initial(value []byte) []byte {
	if len(s.typed.fields) == 0 {
		return value
	}
	value = slices.Clone(value)
	size := int(s.valueSize)
	if s.perCPU() {
		size = (size + 7) / 8 * 8
	}
	for from := 0; from < len(value); from += size {
		for _, f := range s.typed.fields {
			clear(value[from:][f.at : f.at+f.size])
			if f.kind == refcount {
				value[from+int(f.at)] = 1
			}
		}
	}
	return value
}

// lockable reports whether BPF_F_LOCK, if flags have it, finds a lock.
func (o *object) lockable(flags uint64) bool { return flags&abi.Lock == 0 || o.typed.has(spinLock) }
