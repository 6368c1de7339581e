package btf

import (
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// maxFields is how many fields a value may have (BTF_FIELDS_MAX).
const maxFields = 11

// fieldSearch finds fields in a struct and in the structs and arrays in it (btf_find_field).
type fieldSearch struct {
	*BTF
	want  FieldKind
	found []Field
}

func (s *fieldSearch) search(t *Type) abi.Errno {
	switch t.Kind() {
	case Struct:
		return s.inStruct(t, 0, 0)
	case DataSec:
		return s.inDataSec(t)
	}
	return abi.EINVAL
}

// inStruct searches a struct that begins at base, in so many others.
func (s *fieldSearch) inStruct(t *Type, base uint32, level int) abi.Errno {
	seen := FieldKind(0)
	for i := range t.vlen() {
		m := t.member(i)
		offset := t.bits(m)
		if offset%8 != 0 {
			return abi.EINVAL
		}
		place := place{owner: t, member: int32(i), base: base, offset: offset / 8}
		if errno := s.at(place, m.typ, &seen, level); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

func (s *fieldSearch) inDataSec(t *Type) abi.Errno {
	seen := FieldKind(0)
	for i := range t.vlen() {
		v := t.variable(i)
		variable := s.Type(v.typ)
		place := place{owner: variable, member: -1, offset: v.offset, size: v.size}
		if errno := s.at(place, variable.size, &seen, 0); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// place is where a field may be.
type place struct {
	owner  *Type  // the struct or variable
	member int32  // -1 for a variable
	base   uint32 // of the struct in the value, bytes
	offset uint32 // in the struct, bytes
	size   uint32 // what it has to fill, 0 for anything
}

// at looks at what is in a place (btf_find_field_one).
func (s *fieldSearch) at(p place, typ uint32, seen *FieldKind, level int) abi.Errno {
	t, n, errno := s.flatten(typ)
	if errno != abi.OK || n == 0 {
		return errno
	}
	kind, size, align := s.kindOf(t)
	switch {
	case kind == 0 && t.Kind() == Struct:
		if p.size != 0 && p.size != t.size*n {
			return abi.OK
		}
		return s.nested(t, n, p.base+p.offset, level+1)
	case kind == 0:
		return abi.OK
	case kind&unique&*seen != 0:
		return abi.E2BIG
	}
	*seen |= kind
	if p.size != 0 && p.size != size*n || p.offset%align != 0 {
		return abi.OK
	}
	f, errno := s.field(p, t, kind, size)
	if errno != abi.OK || f.Kind == 0 {
		return errno
	}
	if len(s.found) == maxFields {
		return abi.E2BIG
	}
	s.found = append(s.found, f)
	return s.repeat(len(s.found)-1, n, size)
}

// flatten is the element type and the number of elements of an array of arrays, or the type itself and 1.
func (s *fieldSearch) flatten(id uint32) (*Type, uint32, abi.Errno) {
	t, n := s.Type(id), uint32(1)
	for depth := 0; t.Kind() == Array; depth++ {
		n *= t.length()
		if t = s.Type(t.elem()); depth+1 == maxDepth {
			return nil, 0, abi.E2BIG
		}
	}
	return t, n, abi.OK
}

// kindOf is what a type may be by its name: any type but a struct may still be a pointer (btf_get_field_type).
func (s *fieldSearch) kindOf(t *Type) (kind FieldKind, size, align uint32) {
	name := string(s.shown(t.name))
	for _, f := range structFields {
		if s.want&f.kind != 0 && f.name == name {
			return f.kind, f.size, f.align
		}
	}
	if s.want&(kptrs|Uptr) != 0 && t.Kind() != Struct {
		return Kptr, ptrSize, ptrSize
	}
	return 0, 0, 0
}

// nested searches a struct at base, and repeats what it has for all n elements of an array.
func (s *fieldSearch) nested(t *Type, n, base uint32, level int) abi.Errno {
	if level >= maxDepth {
		return abi.E2BIG
	}
	first := len(s.found)
	if errno := s.inStruct(t, base, level); errno != abi.OK {
		return errno
	}
	return s.repeat(first, n, t.size)
}

// repeat makes n of the fields from first on, size bytes apart.
func (s *fieldSearch) repeat(first int, n, size uint32) abi.Errno {
	fields := s.found[first:]
	if n == 1 || len(fields) == 0 {
		return abi.OK
	}
	for _, f := range fields {
		if f.Kind&repeatable == 0 {
			return abi.EINVAL
		}
	}
	if uint64(len(fields))*uint64(n) > uint64(maxFields-first) {
		return abi.E2BIG
	}
	for i := uint32(1); i < n; i++ {
		for _, f := range fields {
			f.Offset += i * size
			s.found = append(s.found, f)
		}
	}
	return abi.OK
}

// field is the field that a type is, of kind 0 when it only looks like one.
func (s *fieldSearch) field(p place, t *Type, kind FieldKind, size uint32) (f Field, errno abi.Errno) {
	switch {
	case kind == Kptr:
		f, errno = s.pointerField(t, s.want)
	case t.Kind() != Struct || t.size != size:
		return f, abi.OK
	case kind&graphRoots != 0:
		f, errno = s.rootField(p, kind)
	default:
		f.Kind = kind
	}
	f.Offset, f.Size = p.base+p.offset, size
	return f, errno
}

var pointerTags = map[string]FieldKind{
	"kptr_untrusted": KptrUntrusted, "kptr": Kptr, "percpu_kptr": KptrPerCPU, "uptr": Uptr,
}

// pointerField is a pointer whose type has one of the tags (btf_find_kptr).
func (b *BTF) pointerField(t *Type, want FieldKind) (f Field, errno abi.Errno) {
	if t.Kind() == Volatile {
		t = b.Type(t.size)
	}
	if t.Kind() != Ptr {
		return f, abi.OK
	}
	tag := b.Type(t.size)
	if tag.Kind() != TypeTag || tag.kflag() {
		return f, abi.OK
	}
	kind, known := pointerTags[string(b.str(tag.name))]
	switch {
	case b.Type(tag.size).Kind() == TypeTag, !known:
		return f, abi.EINVAL
	case kind&want == 0:
		return f, abi.OK
	}
	target := tag.size
	for b.types[target].in(modifiers) {
		target = b.types[target].size
	}
	if b.types[target].Kind() != Struct {
		return f, abi.EINVAL
	}
	return Field{Kind: kind, Size: ptrSize, target: target}, abi.OK
}

// rootField is a list or tree: a tag "contains:STRUCT:FIELD" on the member says of what (btf_find_graph_root).
func (s *fieldSearch) rootField(p place, kind FieldKind) (f Field, errno abi.Errno) {
	contents, ok := s.tagValue(p, "contains:")
	if !ok {
		return f, abi.EINVAL
	}
	name, node, ok := strings.Cut(contents, ":")
	if !ok {
		return f, abi.EINVAL
	}
	target, known := s.find(name, Struct)
	switch {
	case !known:
		return f, abi.ENOENT
	case node == "":
		return f, abi.EINVAL
	}
	return Field{Kind: kind, target: target, node: node}, abi.OK
}

// tagValue is what follows prefix in the one tag of a place that begins with it.
func (b *BTF) tagValue(p place, prefix string) (value string, ok bool) {
	for id := 1; id < len(b.types); id++ {
		t := &b.types[id]
		if t.Kind() != DeclTag || b.Type(t.size) != p.owner || t.component() != p.member {
			continue
		}
		if rest, is := strings.CutPrefix(string(b.str(t.name)), prefix); is {
			if ok {
				return "", false
			}
			value, ok = rest, true
		}
	}
	return value, ok
}
