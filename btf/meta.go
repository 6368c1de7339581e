package btf

import (
	"encoding/binary"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
)

// maxTypeID is the largest number that a type may refer to.
const maxTypeID = maxTypes

// readTypes follows btf_check_all_metas: each type by itself, in order. What it refers to is looked at later.
func (c *checker) readTypes(body []byte) abi.Errno {
	h := c.header
	switch {
	case h.typeOff%4 != 0:
		return c.refuse(abi.EINVAL, "Unaligned type_off")
	case h.typeLen == 0:
		return c.refuse(abi.EINVAL, "No type found")
	}
	left := body[h.typeOff : h.typeOff+h.typeLen]
	for c.id = 1; len(left) > 0; c.id++ {
		size, errno := c.readType(left)
		if errno != abi.OK {
			return errno
		}
		left = left[size:]
	}
	return abi.OK
}

// readType checks the first type and keeps it. The kernel goes on behind the last number, without the types there.
func (c *checker) readType(left []byte) (size int, errno abi.Errno) {
	if len(left) < typeSize {
		return 0, c.refuse(abi.EINVAL, "[%d] meta_left:%d meta_needed:%d", c.id, len(left), typeSize)
	}
	t := Type{binary.LittleEndian.Uint32(left), binary.LittleEndian.Uint32(left[4:]), binary.LittleEndian.Uint32(left[8:]), nil}
	switch {
	case t.info&^infoMask != 0:
		return 0, c.refuse(abi.EINVAL, "[%d] Invalid btf_info:%x", c.id, t.info)
	case t.Kind() >= numKinds || t.Kind() == Void:
		return 0, c.refuse(abi.EINVAL, "[%d] Invalid kind:%d", c.id, uint8(t.Kind()))
	case !c.nameValid(t.name):
		return 0, c.refuse(abi.EINVAL, "[%d] Invalid name_offset:%d", c.id, t.name)
	}
	left = left[typeSize:]
	needed := t.extraSize()
	if len(left) < needed {
		c.logBasic(&t, fmt.Sprintf("meta_left:%d meta_needed:%d", len(left), needed))
		return 0, abi.EINVAL
	}
	t.extra = left[:needed:needed]
	if errno := c.checkMeta(&t); errno != abi.OK {
		return 0, errno
	}
	if len(c.types) < maxTypes {
		c.types = append(c.types, t)
	} else {
		c.log.Printf("Exceeded max num of types")
	}
	return typeSize + needed, abi.OK
}

// checkMeta is the check_meta of the type's kind.
func (c *checker) checkMeta(t *Type) abi.Errno {
	switch t.Kind() {
	case Int:
		return c.checkInt(t)
	case Array:
		return c.checkArray(t)
	case Struct, Union:
		return c.checkStruct(t)
	case Enum, Enum64:
		return c.checkEnum(t)
	case FuncProto:
		return c.passes(t, noName, noKflag)
	case Func:
		return c.passes(t, named, func(_ *checker, t *Type) string { return unless(t.vlen() <= globalLinkage, "Invalid func linkage") }, noKflag)
	case Fwd:
		return c.passes(t, noVlen, func(_ *checker, t *Type) string { return unless(t.size == 0, "type != 0") }, named)
	case Var:
		return c.passes(t, noVlen, noKflag, named, refersNotToVoid, linkage)
	case DataSec:
		return c.checkDataSec(t)
	case Float:
		return c.passes(t, noVlen, noKflag, floatSize)
	case DeclTag:
		return c.passes(t, func(c *checker, t *Type) string { return unless(len(c.str(t.name)) > 0, "Invalid value") }, noVlen,
			func(_ *checker, t *Type) string { return unless(t.component() >= -1, "Invalid component_idx") })
	default:
		return c.passes(t, noVlen, refKflag, refers, refName)
	}
}

// globalLinkage is that of a global function (BTF_FUNC_GLOBAL) and of a variable that is defined here
// (BTF_VAR_GLOBAL_ALLOCATED); 0 is static.
const globalLinkage = 1

// check says what is wrong with a type, or "".
type check func(c *checker, t *Type) string

// passes describes the type in the log, and is EINVAL for the first check that it does not pass.
func (c *checker) passes(t *Type, checks ...check) abi.Errno {
	if wrong := firstWrong(c, t, checks...); wrong != "" {
		return c.refuseType(t, wrong)
	}
	c.logType(t, "")
	return abi.OK
}

func firstWrong(c *checker, t *Type, checks ...check) string {
	for _, check := range checks {
		if wrong := check(c, t); wrong != "" {
			return wrong
		}
	}
	return ""
}

func unless(ok bool, wrong string) string {
	if ok {
		return ""
	}
	return wrong
}

func noVlen(_ *checker, t *Type) string  { return unless(t.vlen() == 0, "vlen != 0") }
func noKflag(_ *checker, t *Type) string { return unless(!t.kflag(), "Invalid btf_info kind_flag") }
func noName(_ *checker, t *Type) string  { return unless(t.name == 0, "Invalid name") }
func refers(_ *checker, t *Type) string  { return unless(t.size <= maxTypeID, "Invalid type_id") }

func refersNotToVoid(_ *checker, t *Type) string {
	return unless(t.size != 0 && t.size <= maxTypeID, "Invalid type_id")
}

func named(c *checker, t *Type) string {
	return unless(t.name != 0 && c.identifier(t.name), "Invalid name")
}

func namedOrNot(c *checker, t *Type) string {
	return unless(t.name == 0 || c.identifier(t.name), "Invalid name")
}

func linkage(_ *checker, t *Type) string {
	return unless(t.word(0) <= globalLinkage, "Linkage not supported")
}

func floatSize(_ *checker, t *Type) string {
	switch t.size {
	case 2, 4, 8, 12, 16:
		return ""
	}
	return "Invalid type_size"
}

// refKflag: on a TYPE_TAG it makes an attribute of any kind (since 6.15).
func refKflag(_ *checker, t *Type) string {
	return unless(!t.kflag() || t.Kind() == TypeTag, "Invalid btf_info kind_flag")
}

// refName: of what refers to another type, only a TYPEDEF and a TYPE_TAG have names.
func refName(c *checker, t *Type) string {
	switch t.Kind() {
	case Typedef:
		return named(c, t)
	case TypeTag:
		return unless(len(c.str(t.name)) > 0, "Invalid name")
	}
	return noName(c, t)
}

func (c *checker) checkInt(t *Type) abi.Errno {
	if wrong := firstWrong(c, t, noVlen, noKflag); wrong != "" {
		return c.refuseType(t, wrong)
	}
	if data := t.word(0); data&^intMask != 0 {
		c.logBasic(t, fmt.Sprintf("Invalid int_data:%x", data))
		return abi.EINVAL
	}
	switch bits := t.intBits() + t.intOffset(); {
	case bits > maxIntBits:
		return c.refuseType(t, "nr_bits exceeds 128")
	case bytesOf(bits) > t.size:
		return c.refuseType(t, "nr_bits exceeds type_size")
	}
	switch t.intEncoding() {
	case 0, signed, char, boolean:
		c.logType(t, "")
		return abi.OK
	}
	c.logType(t, "Unsupported encoding")
	return abi.ENOTSUPP
}

// bytesOf is the number of bytes that hold so many bits.
func bytesOf(bits uint32) uint32 {
	n := bits / 8
	if bits%8 != 0 {
		n++
	}
	return n
}

func (c *checker) checkArray(t *Type) abi.Errno {
	return c.passes(t, noName, noVlen, noKflag,
		func(_ *checker, t *Type) string { return unless(t.size == 0, "size != 0") },
		func(_ *checker, t *Type) string {
			return unless(t.elem() != 0 && t.elem() <= maxTypeID, "Invalid elem")
		},
		func(_ *checker, t *Type) string {
			return unless(t.index() != 0 && t.index() <= maxTypeID, "Invalid index")
		})
}

func (c *checker) checkStruct(t *Type) abi.Errno {
	if errno := c.passes(t, namedOrNot); errno != abi.OK {
		return errno
	}
	last := uint32(0)
	for i := range t.vlen() {
		m := t.member(i)
		if wrong := c.memberMeta(t, m, last); wrong != "" {
			return c.refuseMember(t, m, wrong)
		}
		c.logMember(t, m, "")
		last = t.bits(m)
	}
	return abi.OK
}

// memberMeta says what is wrong with a member behind one at last. Equal places are legal: the last may be char a[0].
func (c *checker) memberMeta(t *Type, m member, last uint32) string {
	offset := t.bits(m)
	switch {
	case !c.nameValid(m.name):
		return "Invalid member name_offset:" + decimal(m.name)
	case m.name != 0 && !c.identifier(m.name):
		return "Invalid name"
	case m.typ == 0 || m.typ > maxTypeID:
		return "Invalid type_id"
	case t.Kind() == Union && offset != 0, last > offset:
		return "Invalid member bits_offset"
	case bytesOf(offset) > t.size:
		return "Member bits_offset exceeds its struct size"
	}
	return ""
}
