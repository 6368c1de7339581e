package btf

import "github.com/bpfsim/bpfsim/abi"

// checkMember is the check_member, or the check_kflag_member, of the kind of a member of s: whether a value of type t fits
// where the member is.
func (c *checker) checkMember(s *Type, m member) abi.Errno {
	t := c.Type(m.typ)
	if t.in(modifiers) {
		var id uint32
		if t, id, _ = c.Sized(m.typ); t == nil {
			return c.refuseMember(s, m, "Invalid member")
		}
		m.typ = id
	}
	var wrong string
	switch {
	case t.Kind() == Int && s.kflag():
		wrong = intField(s, m, t)
	case t.Kind() == Int:
		wrong = intMember(s, m, t)
	case t.in(kinds(Enum, Enum64)) && s.kflag():
		wrong = enumField(s, m)
	case s.kflag() && m.width() != 0:
		wrong = "Invalid member bitfield_size"
	case t.Kind() == Float:
		wrong = floatMember(s, m, t)
	default:
		wrong = plainMember(s, m, c.sizeOf(m.typ))
	}
	if wrong != "" {
		return c.refuseMember(s, m, wrong)
	}
	return abi.OK
}

func (c *checker) sizeOf(id uint32) uint32 {
	_, _, size := c.Sized(id)
	return size
}

const exceeds = "Member exceeds struct_size"

// intMember allows what compilers made before kflag: bit fields whose width is the type's.
func intMember(s *Type, m member, t *Type) string {
	if m.offset > ^uint32(0)-t.intOffset() {
		return "bits_offset exceeds U32_MAX"
	}
	return bitsIn(s, m.offset+t.intOffset(), t.intBits())
}

// intField: the width is the member's.
func intField(s *Type, m member, t *Type) string {
	width := m.width()
	switch {
	case !t.regular():
		return "Invalid member base type"
	case width == 0 && m.bits()%8 != 0:
		return "Invalid member offset"
	case width > t.intBits():
		return "Invalid member bitfield_size"
	case width == 0:
		width = t.intBits()
	}
	return bitsIn(s, m.bits(), width)
}

// bitsIn says whether width bits from offset on are in s.
func bitsIn(s *Type, offset, width uint32) string {
	first, n := offset/8, width+offset%8
	switch {
	case n > maxIntBits:
		return "nr_copy_bits exceeds 128"
	case s.size < first || s.size-first < bytesOf(n):
		return exceeds
	}
	return ""
}

// intWidth is the width of the enum of a bit field, whatever the type's size.
const intWidth = 32

func enumField(s *Type, m member) string {
	width := m.width()
	switch {
	case width == 0 && m.bits()%8 != 0:
		return notAligned
	case width > intWidth:
		return "Invalid member bitfield_size"
	case width == 0:
		width = intWidth
	}
	if s.size < bytesOf(m.bits()+width) {
		return exceeds
	}
	return ""
}

const notAligned = "Member is not byte aligned"

// floatMember asks for the alignment that every processor would.
func floatMember(s *Type, m member, t *Type) string {
	switch {
	case m.offset%(8*min(ptrSize, t.size)) != 0:
		return "Member is not properly aligned"
	case uint64(m.offset/8)+uint64(t.size) > uint64(s.size):
		return exceeds
	}
	return ""
}

func plainMember(s *Type, m member, size uint32) string {
	switch {
	case m.offset%8 != 0:
		return notAligned
	case s.size-m.offset/8 < size:
		return exceeds
	}
	return ""
}
