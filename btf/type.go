package btf

import "encoding/binary"

// Type is one type. Its number is its place in the section, counted from 1.
type Type struct {
	name uint32 // offset in the strings
	info uint32
	// size is the size in bytes, or the number of the type that this one refers to.
	size  uint32
	extra []byte // what follows: members, values, parameters, ...
}

const (
	typeSize  = 12
	infoMask  = 0x9f00ffff
	kindShift = 24
	kindMask  = 0x1f
)

var void Type

// Kind is the type's kind.
func (t *Type) Kind() Kind { return Kind(t.info >> kindShift & kindMask) }

// kflag is the one bit whose meaning depends on the kind.
func (t *Type) kflag() bool { return t.info>>31 != 0 }

// vlen is how many members, values, parameters or variables follow.
func (t *Type) vlen() int { return int(t.info & 0xffff) }

func (t *Type) in(s set) bool { return s.has(t.Kind()) }

// word is a 32-bit word of what follows the type.
func (t *Type) word(i int) uint32 { return binary.LittleEndian.Uint32(t.extra[4*i:]) }

// extraSizes are the bytes that follow a type, once and for each of vlen.
var extraSizes = [numKinds]struct{ fixed, each int }{
	Int: {4, 0}, Array: {12, 0}, Struct: {0, 12}, Union: {0, 12}, Enum: {0, 8}, FuncProto: {0, 8}, Var: {4, 0},
	DataSec: {0, 12}, DeclTag: {4, 0}, Enum64: {0, 12},
}

// extraSize is the number of bytes that follow the type.
func (t *Type) extraSize() int {
	s := extraSizes[t.Kind()]
	return s.fixed + s.each*t.vlen()
}

// An INT's encoding.
const (
	signed     = 1
	char       = 2
	boolean    = 4
	intMask    = 0x0fffffff
	maxIntBits = 128
)

func (t *Type) intBits() uint32     { return t.word(0) & 0xff }
func (t *Type) intOffset() uint32   { return t.word(0) >> 16 & 0xff }
func (t *Type) intEncoding() uint32 { return t.word(0) >> 24 & 0xf }

// regular reports whether an INT fills 1, 2, 4, 8 or 16 bytes (btf_type_int_is_regular).
func (t *Type) regular() bool {
	if t.intOffset() != 0 {
		return false
	}
	switch t.intBits() {
	case 8, 16, 32, 64, 128:
		return true
	}
	return false
}

// An ARRAY's element type, index type and length.
func (t *Type) elem() uint32   { return t.word(0) }
func (t *Type) index() uint32  { return t.word(1) }
func (t *Type) length() uint32 { return t.word(2) }

// member is a member of a STRUCT or UNION.
type member struct {
	name, typ uint32
	offset    uint32 // bits; of a type with kflag the number of bits, too
}

func (t *Type) member(i int) member { return member{t.word(3 * i), t.word(3*i + 1), t.word(3*i + 2)} }

// bits is where m begins in t.
func (t *Type) bits(m member) uint32 {
	if t.kflag() {
		return m.bits()
	}
	return m.offset
}

func (m member) bits() uint32  { return m.offset & 0xffffff }
func (m member) width() uint32 { return m.offset >> 24 }

// parameter is a parameter of a FUNC_PROTO; the type of a variable number of them is 0.
type parameter struct{ name, typ uint32 }

func (t *Type) parameter(i int) parameter { return parameter{t.word(2 * i), t.word(2*i + 1)} }

// variable is a variable in a DATASEC.
type variable struct{ typ, offset, size uint32 }

func (t *Type) variable(i int) variable {
	return variable{t.word(3 * i), t.word(3*i + 1), t.word(3*i + 2)}
}

// component is the member or parameter that a DECL_TAG is for, -1 for the whole.
func (t *Type) component() int32 { return int32(t.word(0)) }
