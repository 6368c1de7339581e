package bpfsys

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
)

// mapTypes are the types of a map's keys and values.
type mapTypes struct {
	btf        *BTF // with a reference
	key, value uint32
	record     *btf.Record // the fields of a value that the kernel keeps for itself
	locks      *spinLocks  // nil unless values have one
}

// typeMap gives m the types that args name (map_create in kernel/bpf/syscall.c).
func (c *call) typeMap(m *Map, args MapCreate) abi.Errno {
	b, errno := c.btfByFD(args.BTFFD)
	if errno != abi.OK {
		return errno
	}
	if b.own() != 0 {
		b.Release()
		return abi.EACCES
	}
	if !args.typed() { // the value is the kernel's
		m.types.btf = b
		return abi.OK
	}
	record, errno := m.checkTypes(b.types, args)
	if errno != abi.OK {
		b.Release()
		return errno
	}
	m.types = mapTypes{btf: b, key: args.BTFKeyType, value: args.BTFValueType, record: record}
	if record.Has(btf.SpinLock) {
		m.types.locks = new(spinLocks)
	}
	if record != nil {
		m.sweeper = nil // it knows nothing of fields
	}
	return abi.OK
}

// checkTypes follows map_check_btf: sizes, the fields of the value, and what the map's type asks for. args tell the type
// and sizes, since a map that is not simulated has no elements.
func (m *Map) checkTypes(types *btf.BTF, args MapCreate) (*btf.Record, abi.Errno) {
	check, checked := typeChecks[args.Type]
	key := types.Type(0)
	if args.BTFKeyType != 0 {
		var size uint32
		if key, _, size = types.Sized(args.BTFKeyType); key == nil || size != args.KeySize {
			return nil, abi.EINVAL
		}
	} else if !checked {
		return nil, abi.EINVAL
	}
	value, _, size := types.Sized(args.BTFValueType)
	if value == nil || size != args.ValueSize {
		return nil, abi.EINVAL
	}
	record, errno := m.valueRecord(types, value, args)
	if errno != abi.OK || !checked {
		return record, errno
	}
	return record, check(types, key, value, args)
}

// valueRecord finds the fields of a value. Where they do not go together there are none: only programs find out.
func (m *Map) valueRecord(types *btf.BTF, value *btf.Type, args MapCreate) (*btf.Record, abi.Errno) {
	record, _ := types.ValueRecord(value)
	if record == nil {
		return nil, abi.OK
	}
	if args.Flags&(abi.FlagReadOnlyProg|abi.FlagWriteOnlyProg) != 0 {
		return nil, abi.EACCES
	}
	for kinds, fit := range fieldTypes {
		if record.Has(kinds) && !fit(args.Type) {
			if refusal := m.kernel.profile.LockRefusal; refusal != abi.OK && kinds&btf.SpinLock != 0 {
				return nil, refusal
			}
			return nil, abi.EOPNOTSUPP
		}
	}
	return record, types.Sound(record)
}

// fieldTypes are the map types whose values may have a field.
var fieldTypes = map[btf.FieldKind]func(abi.MapType) bool{
	btf.SpinLock | btf.ResSpinLock:                                       oneOf(append(storages, abi.Hash, abi.Array, abi.CgroupStorage)...),
	btf.Timer | btf.WorkQueue | btf.TaskWork | btf.ListHead | btf.RBRoot: oneOf(abi.Hash, abi.LRUHash, abi.Array),
	btf.KptrUntrusted | btf.Kptr | btf.KptrPerCPU | btf.Refcount: oneOf(append(storages, abi.Hash, abi.PerCPUHash, abi.LRUHash,
		abi.LRUPerCPUHash, abi.Array, abi.PerCPUArray)...),
	btf.Uptr: oneOf(abi.TaskStorage),
}

var storages = []abi.MapType{abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage}

func oneOf(types ...abi.MapType) func(abi.MapType) bool {
	var is [abi.NumMapTypes]bool
	for _, t := range types {
		is[t] = true
	}
	return func(t abi.MapType) bool { return is[t] }
}

// typeChecks are the map_check_btf of the types that have one. key is void where the caller named none.
var typeChecks = map[abi.MapType]func(types *btf.BTF, key, value *btf.Type, args MapCreate) abi.Errno{
	abi.Array:       arrayTypes,
	abi.PerCPUArray: arrayTypes,
	abi.LPMTrie: func(_ *btf.BTF, key, _ *btf.Type, _ MapCreate) abi.Errno {
		return invalidUnless(key.Kind() == btf.Struct)
	},
	abi.BloomFilter: func(_ *btf.BTF, key, _ *btf.Type, _ MapCreate) abi.Errno {
		return invalidUnless(key.Kind() == btf.Void)
	},
	abi.ArrayOfMaps:         noTypes,
	abi.CPUMap:              noTypes,
	abi.PerfEventArray:      noTypes,
	abi.HashOfMaps:          noTypes,
	abi.StackTrace:          noTypes,
	abi.CgroupArray:         noTypes,
	abi.DevMap:              noTypes,
	abi.DevMapHash:          noTypes,
	abi.SockMap:             noTypes,
	abi.SockHash:            noTypes,
	abi.XSKMap:              noTypes,
	abi.SKStorage:           ownersTypes,
	abi.InodeStorage:        ownersTypes,
	abi.TaskStorage:         ownersTypes,
	abi.CgrpStorage:         ownersTypes,
	abi.CgroupStorage:       cgroupTypes,
	abi.PerCPUCgroupStorage: cgroupTypes,
}

func invalidUnless(ok bool) abi.Errno {
	if ok {
		return abi.OK
	}
	return abi.EINVAL
}

func noTypes(_ *btf.BTF, _, _ *btf.Type, _ MapCreate) abi.Errno { return abi.ENOTSUPP }

// arrayTypes: a key is a 32-bit integer; the one element of a .data section needs none (array_map_check_btf).
func arrayTypes(_ *btf.BTF, key, value *btf.Type, args MapCreate) abi.Errno {
	if key.Kind() == btf.Void {
		return invalidUnless(args.Type == abi.Array && args.MaxEntries == 1 && value.Kind() == btf.DataSec)
	}
	return invalidUnless(key.IsInt32())
}

// ownersTypes: an fd is a 32-bit integer (bpf_local_storage_map_check_btf).
func ownersTypes(_ *btf.BTF, key, _ *btf.Type, _ MapCreate) abi.Errno {
	return invalidUnless(key.IsInt32())
}

// cgroupTypes: a key is the id of a cgroup, or struct bpf_cgroup_storage_key (cgroup_storage_check_btf).
func cgroupTypes(types *btf.BTF, key, _ *btf.Type, args MapCreate) abi.Errno {
	if args.KeySize == 8 {
		return invalidUnless(key.IsInt64())
	}
	return invalidUnless(types.OfInts(key, 64, 32))
}

// Variables are the global variables of an object, if the map is one of their sections, whose name is the other result.
func (m *Map) Variables() (all []btf.Variable, section string) {
	if m.types.btf == nil || m.types.value == 0 {
		return nil, ""
	}
	types := m.types.btf.types
	value := types.Type(m.types.value)
	return slices.Collect(types.Variables(value)), types.Name(value)
}
