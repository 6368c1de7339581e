package btf

import "github.com/bpfsim/bpfsim/abi"

// logType describes a type and what is wrong with it, nothing when message is "".
func (c *checker) logType(t *Type, message string) {
	if c.log.level == 0 {
		return
	}
	c.log.Printf("[%d] %s %s ", c.id, t.Kind(), c.shown(t.name))
	c.logDetails(t)
	c.endLine(message)
}

// logBasic is logType without what may not be there.
func (c *checker) logBasic(t *Type, message string) {
	c.log.Printf("[%d] %s %s", c.id, t.Kind(), c.shown(t.name))
	c.endLine(message)
}

func (c *checker) endLine(message string) {
	if message != "" {
		c.log.Printf(" ")
		c.log.Printf("%s", message)
	}
	c.log.Printf("\n")
}

// refuseType is EINVAL with a reason for the log.
func (c *checker) refuseType(t *Type, message string) abi.Errno {
	c.logType(t, message)
	return abi.EINVAL
}

func (c *checker) logDetails(t *Type) {
	switch t.Kind() {
	case Int:
		c.log.Printf("size=%d bits_offset=%d nr_bits=%d encoding=%s", t.size, t.intOffset(), t.intBits(), t.encoding())
	case Array:
		c.log.Printf("type_id=%d index_type_id=%d nr_elems=%d", t.elem(), t.index(), t.length())
	case Struct, Union, Enum, Enum64, DataSec:
		c.log.Printf("size=%d vlen=%d", t.size, t.vlen())
	case Fwd:
		c.log.Printf("%s", map[bool]string{true: "union", false: "struct"}[t.kflag()])
	case FuncProto:
		c.logProto(t)
	case Var:
		c.log.Printf("type_id=%d linkage=%d", t.size, t.word(0))
	case Float:
		c.log.Printf("size=%d", t.size)
	case DeclTag:
		c.log.Printf("type=%d component_idx=%d", t.size, t.component())
	default:
		c.log.Printf("type_id=%d", t.size)
	}
}

func (t *Type) encoding() string {
	switch t.intEncoding() {
	case 0:
		return "(none)"
	case signed:
		return "SIGNED"
	case char:
		return "CHAR"
	case boolean:
		return "BOOL"
	}
	return "UNKN"
}

func (c *checker) logProto(t *Type) {
	c.log.Printf("return=%d args=(", t.size)
	switch n := t.vlen(); {
	case n == 0:
		c.log.Printf("void")
	case n == 1 && t.parameter(0).typ == 0:
		c.log.Printf("vararg")
	default:
		c.logParameters(t)
	}
	c.log.Printf(")")
}

func (c *checker) logParameters(t *Type) {
	for i := range t.vlen() {
		p := t.parameter(i)
		switch {
		case i == 0:
			c.log.Printf("%d %s", p.typ, c.shown(p.name))
		case i == t.vlen()-1 && p.typ == 0:
			c.log.Printf(", vararg")
		default:
			c.log.Printf(", %d %s", p.typ, c.shown(p.name))
		}
	}
}

// logMember describes a member; when the types are looked at again, the struct around it, too.
func (c *checker) logMember(t *Type, m member, message string) {
	if c.log.level == 0 {
		return
	}
	if c.second {
		c.logType(t, "")
	}
	if t.kflag() {
		c.log.Printf("\t%s type_id=%d bitfield_size=%d bits_offset=%d", c.shown(m.name), m.typ, m.width(), m.bits())
	} else {
		c.log.Printf("\t%s type_id=%d bits_offset=%d", c.shown(m.name), m.typ, m.offset)
	}
	c.endLine(message)
}

func (c *checker) refuseMember(t *Type, m member, message string) abi.Errno {
	c.logMember(t, m, message)
	return abi.EINVAL
}

// logVariable describes a variable of a DATASEC, likewise.
func (c *checker) logVariable(t *Type, v variable, message string) {
	if c.log.level == 0 {
		return
	}
	if c.second {
		c.logType(t, "")
	}
	c.log.Printf("\t type_id=%d offset=%d size=%d", v.typ, v.offset, v.size)
	c.endLine(message)
}

func (c *checker) refuseVariable(t *Type, v variable, message string) abi.Errno {
	c.logVariable(t, v, message)
	return abi.EINVAL
}
