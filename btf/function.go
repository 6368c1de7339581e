package btf

// Func reports whether a number is that of a function, whose type is one of functions.
func (b *BTF) Func(id uint32) bool {
	t := b.Type(id)
	if t == nil || t.Kind() != Func {
		return false
	}
	proto := b.Type(t.size)
	return proto != nil && proto.Kind() == FuncProto
}

// ReturnsInt reports whether a function returns an integer of at most 8 bytes or an enum.
func (b *BTF) ReturnsInt(id uint32) bool {
	t := b.plain(b.Type(b.Type(id).size).size)
	return t != nil && (t.Kind() == Int && t.size <= 8 || t.Kind() == Enum || t.Kind() == Enum64)
}

// Prototype is the type of a function, or of those that a pointer points to, past modifiers and typedefs; nil for other types.
func (b *BTF) Prototype(id uint32) *Type {
	proto := b.Pointee(id)
	if b.Func(id) {
		proto = b.Type(b.Type(id).size)
	}
	if proto == nil || proto.Kind() != FuncProto {
		return nil
	}
	return proto
}

// Void reports whether the functions of a prototype return nothing.
func (t *Type) Void() bool { return t.Kind() == FuncProto && t.size == 0 }

// HasString reports whether a string can begin at an offset in the section of strings.
func (b *BTF) HasString(offset uint32) bool { return int64(offset) < int64(len(b.strings)) }

// Name is a type's name, "" for those without one.
func (b *BTF) Name(t *Type) string { return string(b.str(t.name)) }

// Members is how many members a struct or union has.
func (t *Type) Members() int { return t.vlen() }
