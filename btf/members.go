package btf

import (
	"iter"
	"strings"
)

// MembersOf are the members of a struct or union, in their order.
func (b *BTF) MembersOf(t *Type) iter.Seq2[int, Member] {
	return func(yield func(int, Member) bool) {
		for i := range t.vlen() {
			m := t.member(i)
			if !yield(i, Member{string(b.str(m.name)), m.typ, t.bits(m) / 8}) {
				return
			}
		}
	}
}

// Struct is the first struct of a name.
func (b *BTF) Struct(name string) (id uint32, exists bool) { return b.find(name, Struct) }

// StructsWith are the structs whose names begin so, by what follows, with their numbers.
func (b *BTF) StructsWith(prefix string) iter.Seq2[string, uint32] {
	return func(yield func(string, uint32) bool) {
		for id := range b.types {
			t := &b.types[id]
			if t.Kind() != Struct {
				continue
			}
			if rest, ok := strings.CutPrefix(string(b.str(t.name)), prefix); ok && !yield(rest, uint32(id)) {
				return
			}
		}
	}
}

// Bytes is the size of a struct, union, integer or enum.
func (t *Type) Bytes() uint32 { return t.size }

// Pointee is what a pointer points to, past modifiers and typedefs; nil for what is no pointer (btf_type_resolve_ptr).
func (b *BTF) Pointee(id uint32) *Type {
	t := b.plain(id)
	if t == nil || t.Kind() != Ptr {
		return nil
	}
	return b.plain(t.size)
}

// plain is a type past modifiers and typedefs.
func (b *BTF) plain(id uint32) *Type {
	t := b.Type(id)
	for t != nil && t.in(modifiers) {
		t = b.Type(t.size)
	}
	return t
}
