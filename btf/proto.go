package btf

import "github.com/bpfsim/bpfsim/abi"

// stepFunc follows btf_func_check: a function's prototype names its parameters.
func (c *checker) stepFunc(t *Type) abi.Errno {
	proto := c.Type(t.size)
	if proto == nil || proto.Kind() != FuncProto {
		return c.refuseType(t, "Invalid type_id")
	}
	for i := range proto.vlen() {
		if p := proto.parameter(i); p.name == 0 && p.typ != 0 {
			return c.refuseType(t, argument(i))
		}
	}
	return c.pop(t.size, 0)
}

// checkProto follows btf_func_proto_check.
func (c *checker) checkProto(t *Type) abi.Errno {
	if t.size != 0 {
		if errno := c.checkPassed(t, t.size, "Invalid return type"); errno != abi.OK {
			return errno
		}
	}
	n := t.vlen()
	if n > 0 && t.parameter(n-1).typ == 0 {
		if t.parameter(n-1).name != 0 {
			return c.refuseType(t, argument(n-1))
		}
		n--
	}
	for i := range n {
		if errno := c.checkParameter(t, i); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

func argument(i int) string { return "Invalid arg#" + decimal(uint32(i+1)) }

func (c *checker) checkParameter(t *Type, i int) abi.Errno {
	p, wrong := t.parameter(i), argument(i)
	if c.target(p.typ) != nil && p.name != 0 && (!c.nameValid(p.name) || !c.identifier(p.name)) {
		return c.refuseType(t, wrong)
	}
	return c.checkPassed(t, p.typ, wrong)
}

// checkPassed checks the type of a parameter or result: it has to have a size.
func (c *checker) checkPassed(t *Type, id uint32, wrong string) abi.Errno {
	if c.target(id) == nil {
		return c.refuseType(t, wrong)
	}
	if errno := c.resolveOnce(id); errno != abi.OK {
		return errno
	}
	if sized, _, _ := c.Sized(id); sized == nil {
		return c.refuseType(t, wrong)
	}
	return abi.OK
}

// valid follows btf_resolve_valid, a check of the search itself that some BTF does not pass.
func (c *checker) valid(id uint32) bool {
	t := &c.types[id]
	end, size := c.resolvedIDs[id], c.resolvedSizes[id]
	switch {
	case c.states[id] != resolved:
		return false
	case t.in(composite | kinds(DataSec)):
		return end == 0 && size == 0
	case t.in(kinds(DeclTag, Func)):
		return end != 0 && size == 0
	case t.in(modifiers | kinds(Ptr, Var)):
		return !c.types[end].in(modifiers | kinds(Var, DataSec))
	case t.Kind() == Array:
		elem, _, elemSize := c.Sized(t.elem())
		return elem != nil && !elem.in(modifiers) && t.length()*elemSize == size
	}
	return false
}

// checkTags follows btf_check_type_tags: in a chain of modifiers the tags come first.
func (c *checker) checkTags() abi.Errno {
	good := uint32(0)
	for id := uint32(1); int(id) < len(c.types); id++ {
		if !c.types[id].in(modifiers) {
			continue
		}
		if errno := c.checkChain(id, good); errno != abi.OK {
			return errno
		}
		good = id
	}
	return abi.OK
}

// checkChain checks the chain from id on, down to one that was checked, up to good.
func (c *checker) checkChain(id, good uint32) abi.Errno {
	inTags := c.types[id].Kind() == TypeTag
	for n := 0; c.types[id].in(modifiers); n++ {
		tag := c.types[id].Kind() == TypeTag
		switch {
		case n == maxDepth:
			return c.refuse(abi.ELOOP, "Max chain length or cycle detected")
		case tag && !inTags:
			return c.refuse(abi.EINVAL, "Type tags don't precede modifiers")
		}
		inTags = tag
		if id <= good {
			return abi.OK
		}
		id = c.types[id].size
	}
	return abi.OK
}
