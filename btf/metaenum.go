package btf

import (
	"strconv"

	"github.com/bpfsim/bpfsim/abi"
)

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

func enumSize(_ *checker, t *Type) string {
	switch t.size {
	case 1, 2, 4, 8:
		return ""
	}
	return "Unexpected size"
}

func (c *checker) checkEnum(t *Type) abi.Errno {
	if errno := c.passes(t, enumSize, namedOrNot); errno != abi.OK {
		return errno
	}
	words := extraSizes[t.Kind()].each / 4
	for i := range t.vlen() {
		name := t.word(words * i)
		switch {
		case !c.nameValid(name):
			return c.refuse(abi.EINVAL, "\tInvalid name_offset:%d", name)
		case name == 0 || !c.identifier(name):
			return c.refuseType(t, "Invalid name")
		}
		if c.log.level != 0 {
			c.log.Printf("\t%s val=%s\n", c.shown(name), t.enumText(i))
		}
	}
	return abi.OK
}

// enumText is a value of an ENUM or ENUM64; kflag says that it is signed.
func (t *Type) enumText(i int) string {
	if t.Kind() == Enum {
		v := t.word(2*i + 1)
		if t.kflag() {
			return strconv.FormatInt(int64(int32(v)), 10)
		}
		return decimal(v)
	}
	v := uint64(t.word(3*i+2))<<32 | uint64(t.word(3*i+1))
	if t.kflag() {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatUint(v, 10)
}

func (c *checker) checkDataSec(t *Type) abi.Errno {
	errno := c.passes(t,
		func(_ *checker, t *Type) string { return unless(t.size != 0, "size == 0") }, noKflag,
		func(c *checker, t *Type) string { return unless(t.name != 0 && c.section(t.name), "Invalid name") })
	if errno != abi.OK {
		return errno
	}
	end, sum := uint32(0), uint64(0)
	for i := range t.vlen() {
		v := t.variable(i)
		if wrong := t.variableMeta(v, end); wrong != "" {
			return c.refuseVariable(t, v, wrong)
		}
		c.logVariable(t, v, "")
		end, sum = v.offset+v.size, sum+uint64(v.size)
	}
	if uint64(t.size) < sum {
		return c.refuseType(t, "Invalid btf_info size")
	}
	return abi.OK
}

// variableMeta says what is wrong with a variable of t behind one that ends at end. The sum wraps as the kernel's does.
func (t *Type) variableMeta(v variable, end uint32) string {
	switch {
	case v.typ == 0 || v.typ > maxTypeID:
		return "Invalid type_id"
	case v.offset < end || v.offset >= t.size:
		return "Invalid offset"
	case v.size == 0 || v.size > t.size:
		return "Invalid size"
	case v.offset+v.size > t.size:
		return "Invalid offset+size"
	}
	return ""
}
