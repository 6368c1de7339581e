package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
)

// The structs of functions that the kernel lets programs implement (kernel/bpf/bpf_struct_ops.c). Which there are its BTF says: to each
// belongs another struct, as which user space writes it.

// opsKind is such a struct (struct bpf_struct_ops_desc).
type opsKind struct {
	types   *BTF // the kernel's own
	name    string
	id      uint32
	valueID uint32 // of what user space writes
	size    uint32 // bytes of that
	holes   []span // bytes of it that nothing lies in
	members []opsMember
	rules   opsRules
}

// opsMember is a member of the struct, by where it lies in a value.
type opsMember struct {
	name  string
	span  span
	proto *btf.Type // of a function, nil for other members
	owner bool      // a pointer to the module that the struct belongs to, which the kernel sets
}

// span is from one byte up to another.
type span struct{ from, to uint32 }

func (s span) of(value []byte) []byte { return value[s.from:s.to] }

// opsWrapper begins the name of the struct that user space writes.
const opsWrapper = "bpf_struct_ops_"

// findOps are all kinds of the kernel.
func (k *Kernel) findOps() (all []*opsKind) {
	b := k.btf()
	if b == nil {
		return nil
	}
	for name, valueID := range b.types.StructsWith(opsWrapper) {
		first, _ := b.types.Struct(opsWrapper + name)
		if id, exists := b.types.Struct(name); exists && first == valueID {
			if kind := newOpsKind(b, name, id, valueID); kind != nil {
				all = append(all, kind)
			}
		}
	}
	return all
}

// newOpsKind is nil unless a value is fields of the kernel's and then the struct.
func newOpsKind(b *BTF, name string, id, valueID uint32) *opsKind {
	value, ops := b.types.Type(valueID), b.types.Type(id)
	if value.Members() != 2 {
		return nil
	}
	var members [2]btf.Member
	for i, m := range b.types.MembersOf(value) {
		members[i] = m
	}
	_, _, size := b.types.Sized(members[0].Type)
	data := span{members[1].Offset, members[1].Offset + ops.Bytes()}
	if size != maps.OpsCommonSize || members[0].Offset != 0 || members[1].Type != id || data.from < size || data.to < data.from ||
		data.to > value.Bytes() {
		return nil
	}
	k := &opsKind{types: b, name: name, id: id, valueID: valueID, size: value.Bytes(), rules: opsRulesOf(name)}
	k.holes = []span{{maps.OpsCommonSize, data.from}, {data.to, k.size}}
	if !k.lay(ops, data) {
		return nil
	}
	return k
}

// lay finds where the members of the struct lie, which lies at data itself; false where one lies outside.
func (k *opsKind) lay(ops *btf.Type, data span) bool {
	types, end := k.types.types, data.from
	for _, m := range types.MembersOf(ops) {
		_, _, size := types.Sized(m.Type)
		at := span{data.from + m.Offset, data.from + m.Offset + size}
		if at.to < at.from || at.to > data.to {
			return false
		}
		if at.from > end {
			k.holes = append(k.holes, span{end, at.from})
		}
		end = at.to
		member := opsMember{name: m.Name, span: at, proto: types.Prototype(m.Type)}
		if to := types.Pointee(m.Type); to != nil {
			member.owner = to.Kind() == btf.Struct && types.Name(to) == "module"
		}
		k.members = append(k.members, member)
	}
	if end < data.to {
		k.holes = append(k.holes, span{end, data.to})
	}
	return true
}

// opsOf is the first kind that is so, nil when there is none.
func (k *Kernel) opsOf(is func(*opsKind) bool) *opsKind {
	for _, kind := range k.ops() {
		if is(kind) {
			return kind
		}
	}
	return nil
}

// newOps is what a STRUCT_OPS map has that is being made (bpf_struct_ops_map_alloc).
func (c *call) newOps(a MapCreate) (*opsContent, abi.Errno) {
	if a.Flags&abi.FlagVTypeBTFObjFD != 0 { // of a module, of which there are none
		b, errno := c.btfByFD(a.ValueTypeBTFObjFD)
		if errno == abi.OK {
			b.Release()
			errno = abi.EINVAL
		}
		return nil, errno
	}
	kind := c.kernel.opsOf(func(k *opsKind) bool { return k.valueID == a.BTFVmlinuxValue })
	switch {
	case kind == nil:
		return nil, abi.ENOTSUPP
	case kind.size != a.ValueSize:
		return nil, abi.EINVAL
	}
	return &opsContent{kind: kind}, abi.OK
}
