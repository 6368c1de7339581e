package model

import "strings"

// fieldKind is what the kernel keeps for itself in a part of a value.
type fieldKind uint16

const (
	spinLock fieldKind = 1 << iota
	resSpinLock
	timer
	workQueue
	taskWork
	listHead
	rbRoot
	refcount
	kptr
	uptr
)

// field is such a part: where it is, in bytes, and for pointers and lists to what of which BTF.
type field struct {
	kind       fieldKind
	at, size   uint32
	of         int // serial of the BTF, 0 for a field without target
	target     uint32
	node       string
	pointerTag string
}

// structFields are the fields that are structs of these names, with size and alignment in bytes.
var structFields = map[string]field{
	"bpf_spin_lock": {kind: spinLock, size: 4, at: 4}, "bpf_res_spin_lock": {kind: resSpinLock, size: 4, at: 4},
	"bpf_timer": {kind: timer, size: 16, at: 8}, "bpf_wq": {kind: workQueue, size: 16, at: 8},
	"bpf_task_work": {kind: taskWork, size: 8, at: 8}, "bpf_list_head": {kind: listHead, size: 16, at: 8},
	"bpf_rb_root": {kind: rbRoot, size: 16, at: 8}, "bpf_refcount": {kind: refcount, size: 4, at: 4},
}

// once are the fields of which a struct may have one, repeats those of which it may have an array.
const (
	once    = spinLock | resSpinLock | timer | workQueue | taskWork
	repeats = kptr | uptr | listHead | rbRoot
	graphs  = listHead | rbRoot
	locks   = spinLock | resSpinLock
)

// maxFields is how many fields a value may have.
const maxFields = 11

// search looks for the fields of a value. failed means that they do not go together: then there are none.
type search struct {
	*types
	serial int // of the BTF
	found  []field
	failed bool
}

// fieldsOf are the fields of a value of type t (btf_parse_fields; found by trying on 6.18).
func (t *types) fieldsOf(value typ, serial int) []field {
	s := &search{types: t, serial: serial}
	switch value.kind {
	case kindStruct:
		s.inStruct(value, 0, 0)
	case kindDataSec:
		seen := fieldKind(0)
		for i := range value.vlen {
			id, at, size := value.word(3*i), value.word(3*i+1), value.word(3*i+2)
			s.look(part{owner: id, member: -1, at: at, fills: size, level: 0}, s.at(id).ref, &seen)
		}
	}
	if s.failed || !s.together(value.ref) {
		return nil
	}
	return s.found
}

// together reports whether the fields lie in a value of that size, one behind the other, and need nothing that is not there.
func (s *search) together(size uint32) bool {
	end, kinds := uint32(0), fieldKind(0)
	for _, f := range s.found {
		if uint64(f.at)+uint64(f.size) > uint64(size) || f.at < end || f.kind&graphs != 0 && !s.hasNode(f) {
			return false
		}
		end, kinds = f.at+f.size, kinds|f.kind
	}
	return kinds&locks != locks && (kinds&graphs == 0 || kinds&locks != 0)
}

// part is where a field may be.
type part struct {
	owner  uint32 // number of the variable, or of the struct
	member int32
	base   uint32 // of the struct in the value
	at     uint32 // in the struct
	fills  uint32 // its size must be this, 0 for any
	level  int
}

func (s *search) inStruct(t typ, base uint32, level int) {
	seen := fieldKind(0)
	for i := range t.vlen {
		m := t.member(i)
		if m.bits%8 != 0 {
			s.failed = true
			return
		}
		s.look(part{owner: t.id, member: int32(i), base: base, at: m.bits / 8, level: level}, m.typ, &seen)
	}
}

// look is what is in one place.
func (s *search) look(p part, id uint32, seen *fieldKind) {
	t, n := s.at(id), uint32(1)
	for levels := 0; t.kind == kindArray; {
		n *= t.word(2)
		t = s.at(t.word(0))
		if levels++; levels == depth {
			s.failed = true
		}
	}
	if n == 0 || s.failed {
		return
	}
	known, special := structFields[t.name]
	switch {
	case special:
	case t.kind == kindStruct:
		if p.fills == 0 || p.fills == t.ref*n {
			s.nested(t, n, p)
		}
		return
	default:
		known = field{kind: kptr, size: 8, at: 8}
	}
	if known.kind&once&*seen != 0 {
		s.failed = true
		return
	}
	*seen |= known.kind
	if p.fills != 0 && p.fills != known.size*n || p.at%known.at != 0 {
		return
	}
	f, is := s.field(p, t, known)
	if !is || s.failed {
		return
	}
	if len(s.found) == maxFields {
		s.failed = true
		return
	}
	f.at = p.base + p.at
	s.found = append(s.found, f)
	s.repeat(len(s.found)-1, n, f.size)
}

func (s *search) nested(t typ, n uint32, p part) {
	if p.level+1 >= depth {
		s.failed = true
		return
	}
	first := len(s.found)
	s.inStruct(t, p.base+p.at, p.level+1)
	s.repeat(first, n, t.ref)
}

// repeat makes n of the fields from first on.
func (s *search) repeat(first int, n, size uint32) {
	one := s.found[first:]
	if n == 1 || len(one) == 0 || s.failed {
		return
	}
	for _, f := range one {
		s.failed = s.failed || f.kind&repeats == 0
	}
	if s.failed = s.failed || uint64(len(one))*uint64(n) > uint64(maxFields-first); s.failed {
		return
	}
	for i := uint32(1); i < n; i++ {
		for _, f := range one {
			f.at += i * size
			s.found = append(s.found, f)
		}
	}
}

// field is the field that t, which has its name, is; false when it only looks like one.
func (s *search) field(p part, t typ, f field) (field, bool) {
	switch {
	case f.kind == kptr:
		return s.pointer(t)
	case t.kind != kindStruct || t.ref != f.size:
		return f, false
	case f.kind&graphs != 0:
		return s.root(p, f)
	}
	return f, true
}

// pointer is a pointer with a tag that says whose it is.
func (s *search) pointer(t typ) (f field, is bool) {
	if t.kind == kindVolatile {
		t = s.at(t.ref)
	}
	tag := s.at(t.ref)
	if t.kind != kindPtr || tag.kind != kindTypeTag || tag.flag {
		return f, false
	}
	f = field{kind: kptr, size: 8, of: s.serial, pointerTag: tag.name}
	switch tag.name {
	case "kptr", "kptr_untrusted", "percpu_kptr":
	case "uptr":
		f.kind = uptr
	default:
		s.failed = true
	}
	if s.at(tag.ref).kind == kindTypeTag {
		s.failed = true
	}
	f.target = tag.ref
	for range depth {
		switch s.at(f.target).kind {
		case kindTypedef, kindVolatile, kindConst, kindRestrict, kindTypeTag:
			f.target = s.at(f.target).ref
		}
	}
	s.failed = s.failed || s.at(f.target).kind != kindStruct
	return f, true
}

// root is a list or tree, whose tag "contains:STRUCT:MEMBER" says of what.
func (s *search) root(p part, f field) (field, bool) {
	contents, tags := "", 0
	for _, t := range s.all {
		rest, is := strings.CutPrefix(t.name, "contains:")
		if is && t.kind == kindDeclTag && t.ref == p.owner && int32(t.word(0)) == p.member {
			contents = rest
			tags++
		}
	}
	name, node, cut := strings.Cut(contents, ":")
	f.of, f.node = s.serial, node
	for _, t := range s.all {
		if f.target == 0 && t.kind == kindStruct && t.name == name {
			f.target = t.id
		}
	}
	s.failed = s.failed || tags != 1 || !cut || node == "" || f.target == 0
	return f, true
}

// hasNode reports whether what a list or tree has is made for that.
func (s *search) hasNode(f field) bool {
	want := map[fieldKind]string{listHead: "bpf_list_node", rbRoot: "bpf_rb_node"}[f.kind]
	t, found := s.at(f.target), 0
	for i := range t.vlen {
		m := t.member(i)
		if s.name(m.name) != f.node {
			continue
		}
		found++
		if node := s.at(m.typ); node.kind != kindStruct || node.name != want || m.bits%64 != 0 {
			return false
		}
	}
	return found == 1
}
