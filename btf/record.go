package btf

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// FieldKind is what the kernel keeps in a field of a value (enum btf_field_type in linux/bpf.h). Kinds are bits.
type FieldKind uint16

// The kinds of fields.
const (
	SpinLock FieldKind = 1 << iota
	ResSpinLock
	Timer
	WorkQueue
	TaskWork
	ListHead
	ListNode
	RBRoot
	RBNode
	Refcount
	KptrUntrusted
	Kptr
	KptrPerCPU
	Uptr
)

const (
	kptrs      = KptrUntrusted | Kptr | KptrPerCPU
	graphRoots = ListHead | RBRoot
	graphNodes = ListNode | RBNode
	locks      = SpinLock | ResSpinLock
	// ofObjects are the fields of what a program allocates, ofValues those of what a map holds.
	ofObjects = locks | graphRoots | graphNodes | Refcount | kptrs
	ofValues  = locks | Timer | WorkQueue | TaskWork | graphRoots | Refcount | kptrs | Uptr
	// repeatable are those of which there may be an array.
	repeatable = kptrs | Uptr | graphRoots
	// unique are those of which a struct has one.
	unique = locks | Timer | WorkQueue | TaskWork
)

// structFields are the fields that are structs of that name, with their size and alignment in bytes.
var structFields = []struct {
	kind        FieldKind
	name        string
	size, align uint32
}{
	{SpinLock, "bpf_spin_lock", 4, 4}, {ResSpinLock, "bpf_res_spin_lock", 4, 4}, {Timer, "bpf_timer", 16, 8},
	{WorkQueue, "bpf_wq", 16, 8}, {TaskWork, "bpf_task_work", 8, 8}, {ListHead, "bpf_list_head", 16, 8},
	{ListNode, "bpf_list_node", 24, 8}, {RBRoot, "bpf_rb_root", 16, 8}, {RBNode, "bpf_rb_node", 32, 8},
	{Refcount, "bpf_refcount", 4, 4},
}

// Field is a field of a value that the kernel keeps for itself.
type Field struct {
	Kind   FieldKind
	Offset uint32 // bytes
	Size   uint32 // bytes

	target uint32 // the struct that a pointer points to, or that a list or tree has
	node   string // the field of target by which it is in the list or tree
}

// End is where the field ends, in bytes.
func (f Field) End() uint32 { return f.Offset + f.Size }

// Record are the fields of a struct that the kernel keeps for itself, in their order there.
type Record struct {
	Fields []Field
	Kinds  FieldKind // all that there are

	of *BTF // where the numbers of fields' targets are from; nil without such
}

// Has reports whether there are fields of one of the kinds. A nil Record has none.
func (r *Record) Has(kinds FieldKind) bool { return r != nil && r.Kinds&kinds != 0 }

// Equal follows btf_record_equal: the same fields, and of pointers and lists the same targets of the same BTF.
func (r *Record) Equal(other *Record) bool {
	if r == nil || other == nil {
		return r == other
	}
	return r.of == other.of && slices.Equal(r.Fields, other.Fields)
}

// Init makes the fields of a value as they are in a new one. A list is empty where it points to itself, which is an address
// on Linux and zero here.
func (r *Record) Init(value []byte) {
	for _, f := range r.Fields {
		clear(value[f.Offset:f.End()])
		if f.Kind == Refcount {
			value[f.Offset] = 1
		}
	}
}

// ValueRecord finds the fields in a map's value of type t. No record and abi.OK means that there are none. Callers that make
// a map take an errno for no record, too: Linux finds out only when a program uses the map.
func (b *BTF) ValueRecord(t *Type) (*Record, abi.Errno) {
	return b.parseFields(t, ofValues, t.size)
}

// Sound follows btf_check_and_fixup_fields: what a list or tree has must itself be known, and no type may come to own itself.
func (b *BTF) Sound(r *Record) abi.Errno {
	if !r.Has(graphRoots) {
		return abi.OK
	}
	for _, f := range r.Fields {
		if f.Kind&graphRoots == 0 {
			continue
		}
		owned := b.records[f.target]
		switch {
		case owned == nil:
			return abi.EFAULT
		case r.Has(graphNodes) && owned.Has(graphRoots):
			return abi.ELOOP
		}
	}
	return abi.OK
}

// readRecords follows btf_parse_struct_metas: the structs that have such a field as a direct member.
func (c *checker) readRecords() abi.Errno {
	special := c.specialTypes()
	if len(special) == 0 {
		return abi.OK
	}
	c.records = map[uint32]*Record{}
	for id := 1; id < len(c.types); id++ {
		t := &c.types[id]
		if t.Kind() != Struct || !t.hasMemberOf(special) {
			continue
		}
		r, errno := c.parseFields(t, ofObjects, t.size)
		switch {
		case errno != abi.OK:
			return errno
		case r == nil:
			return abi.EFAULT
		}
		c.records[uint32(id)] = r
	}
	return c.soundRecords()
}

func (c *checker) soundRecords() abi.Errno {
	for id := range c.types {
		if errno := c.Sound(c.records[uint32(id)]); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// specialTypes are the types that make a struct worth looking at: the first of each name, and pointers with a tag.
func (c *checker) specialTypes() map[uint32]bool {
	special := map[uint32]bool{}
	for _, f := range structFields {
		if f.kind&(SpinLock|graphRoots|graphNodes|Refcount) == 0 {
			continue
		}
		if id, ok := c.find(f.name, Struct); ok {
			special[id] = true
		}
	}
	for id := range c.types {
		if f, errno := c.pointerField(&c.types[id], kptrs); errno == abi.OK && f.Kind != 0 {
			special[uint32(id)] = true
		}
	}
	return special
}

func (t *Type) hasMemberOf(types map[uint32]bool) bool {
	for i := range t.vlen() {
		if types[t.member(i).typ] {
			return true
		}
	}
	return false
}

// find is the first type of a name and kind.
func (b *BTF) find(name string, k Kind) (uint32, bool) {
	for id := 1; id < len(b.types); id++ {
		if t := &b.types[id]; t.Kind() == k && string(b.str(t.name)) == name {
			return uint32(id), true
		}
	}
	return 0, false
}

// parseFields follows btf_parse_fields: the fields of the wanted kinds in t, and whether they go together.
func (b *BTF) parseFields(t *Type, want FieldKind, size uint32) (*Record, abi.Errno) {
	s := fieldSearch{BTF: b, want: want}
	if errno := s.search(t); errno != abi.OK || len(s.found) == 0 {
		return nil, errno
	}
	r := &Record{Fields: s.found}
	end := uint32(0)
	for _, f := range r.Fields {
		switch {
		case uint64(f.Offset)+uint64(f.Size) > uint64(size):
			return nil, abi.EFAULT
		case f.Offset < end:
			return nil, abi.EEXIST
		}
		if errno := b.checkField(f); errno != abi.OK {
			return nil, errno
		}
		end, r.Kinds = f.End(), r.Kinds|f.Kind
	}
	if r.Kinds&locks == locks || r.Has(graphRoots) && !r.Has(locks) || r.Kinds&graphNodes == graphNodes && !r.Has(Refcount) {
		return nil, abi.EINVAL
	}
	if r.Has(kptrs | Uptr | graphRoots) {
		r.of = b
	}
	slices.SortFunc(r.Fields, func(a, b Field) int { return int(int64(a.Offset) - int64(b.Offset)) })
	return r, abi.OK
}
