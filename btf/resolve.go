package btf

import "github.com/bpfsim/bpfsim/abi"

// resolver is a depth-first search for what types come to, which finds loops. Where it may stop depends on where it
// began: a pointer to a struct says nothing of the struct, and a struct's pointers say nothing of it.
type resolver struct {
	states []state
	stack  []vertex
	mode   mode
}

type state uint8

const (
	notVisited state = iota
	visited
	resolved
)

type mode uint8

const (
	undecided mode = iota
	pointers       // began at a pointer
	values         // began at a struct, union or array
)

// sinks are the kinds at which the search stops.
var sinks = [...]set{undecided: ^unresolved, pointers: ^(modifiers | kinds(Ptr)), values: ^(modifiers | composite | kinds(Array))}

// maxDepth is how long a way may be.
const maxDepth = 32

// vertex is a type on the way.
type vertex struct {
	id   uint32
	next int // the member to go on with
}

// checkTypes follows btf_check_all_types.
func (c *checker) checkTypes() abi.Errno {
	n := len(c.types)
	c.resolvedIDs, c.resolvedSizes, c.states = make([]uint32, n), make([]uint32, n), make([]state, n)
	c.second = true
	for id := uint32(1); int(id) < n; id++ {
		c.id = id
		if errno := c.resolveOnce(id); errno != abi.OK {
			return errno
		}
		if c.types[id].Kind() == FuncProto {
			if errno := c.checkProto(&c.types[id]); errno != abi.OK {
				return errno
			}
		}
	}
	return abi.OK
}

// resolveOnce resolves a type that needs it and is not yet.
func (c *checker) resolveOnce(id uint32) abi.Errno {
	if !c.types[id].in(unresolved) || c.states[id] == resolved {
		return abi.OK
	}
	return c.resolve(id)
}

// resolve follows btf_resolve.
func (c *checker) resolve(id uint32) abi.Errno {
	before := c.id
	c.mode = undecided
	errno := c.push(id)
	for errno == abi.OK && len(c.stack) > 0 {
		c.id = c.stack[len(c.stack)-1].id
		errno = c.step()
	}
	c.id = id
	switch {
	case errno == abi.E2BIG:
		c.logType(&c.types[id], "Exceeded max resolving depth:32")
	case errno == abi.EEXIST:
		c.logType(&c.types[id], "Loop detected")
	case errno == abi.OK && !c.valid(id):
		errno = c.refuseType(&c.types[id], "Invalid resolve state")
	}
	c.id = before
	return errno
}

func (c *checker) push(id uint32) abi.Errno {
	switch {
	case len(c.stack) == maxDepth:
		return abi.E2BIG
	case c.states[id] != notVisited:
		return abi.EEXIST
	}
	c.states[id] = visited
	c.stack = append(c.stack, vertex{id: id})
	if t := &c.types[id]; c.mode == undecided {
		if t.Kind() == Ptr {
			c.mode = pointers
		} else if t.in(composite | kinds(Array)) {
			c.mode = values
		}
	}
	return abi.OK
}

// pop ends the search of the last type on the way.
func (c *checker) pop(id, size uint32) abi.Errno {
	last := c.stack[len(c.stack)-1].id
	c.stack = c.stack[:len(c.stack)-1]
	c.resolvedIDs[last], c.resolvedSizes[last], c.states[last] = id, size, resolved
	return abi.OK
}

// open reports whether the way has to go through a type.
func (c *checker) open(id uint32) bool {
	return !c.types[id].in(sinks[c.mode]) && c.states[id] != resolved
}

// target is the type that another refers to; nil when it may not.
func (c *checker) target(id uint32) *Type {
	t := c.Type(id)
	if t == nil || t.in(sourceOnly) {
		return nil
	}
	return t
}

// step goes on with the last type on the way.
func (c *checker) step() abi.Errno {
	v := &c.stack[len(c.stack)-1]
	t := &c.types[v.id]
	switch t.Kind() {
	case Ptr:
		return c.stepRef(t, c.pastPointer, true)
	case Var:
		return c.stepRef(t, c.pastPointer, false)
	case Array:
		return c.stepArray(t)
	case Struct, Union:
		return c.stepStruct(t, v)
	case DataSec:
		return c.stepDataSec(t, v)
	case DeclTag:
		return c.stepDeclTag(t)
	case Func:
		return c.stepFunc(t)
	}
	return c.stepRef(t, nil, true)
}

// stepRef: a modifier, a pointer or a variable. through is where else the way may have to go; sizeless tells whether it may
// come to void and its like.
func (c *checker) stepRef(t *Type, through func(uint32) (uint32, bool), toSizeless bool) abi.Errno {
	id := t.size
	if c.target(id) == nil {
		return c.refuseType(t, "Invalid type_id")
	}
	if c.open(id) {
		return c.push(id)
	}
	if through != nil {
		if next, ok := through(id); ok {
			return c.push(next)
		}
	}
	sized, end, _ := c.Sized(id)
	if sized == nil {
		if end = id; c.states[id] == resolved {
			end = c.resolvedIDs[id]
		}
		if !toSizeless || !c.types[end].in(kinds(Void, Fwd, FuncProto)) {
			return c.refuseType(t, "Invalid type_id")
		}
	}
	return c.pop(end, 0)
}

// pastPointer is a pointer at which a modifier, looked at on behalf of a struct, has stopped: it may come back to where
// the way began.
func (c *checker) pastPointer(id uint32) (uint32, bool) {
	if !c.types[id].in(modifiers) {
		return 0, false
	}
	end := c.resolvedIDs[id]
	return end, c.types[end].Kind() == Ptr && c.open(end)
}

func (c *checker) stepArray(t *Type) abi.Errno {
	if id, errno := c.element(t, t.index(), "Invalid index"); id != 0 || errno != abi.OK {
		return c.pushUnless(id, errno)
	}
	if index, _, _ := c.Sized(t.index()); index == nil || index.Kind() != Int || !index.regular() {
		return c.refuseType(t, "Invalid index")
	}
	if id, errno := c.element(t, t.elem(), "Invalid elem"); id != 0 || errno != abi.OK {
		return c.pushUnless(id, errno)
	}
	elem, id, size := c.Sized(t.elem())
	switch {
	case elem == nil:
		return c.refuseType(t, "Invalid elem")
	case elem.Kind() == Int && !elem.regular():
		return c.refuseType(t, "Invalid array of int")
	case uint64(size)*uint64(t.length()) >= 1<<32:
		return c.refuseType(t, "Array size overflows U32_MAX")
	}
	return c.pop(id, size*t.length())
}

// element checks a type that an array refers to, and is the id when the way has to go through it.
func (c *checker) element(t *Type, id uint32, wrong string) (uint32, abi.Errno) {
	if target := c.target(id); target == nil || target.in(sizeless) {
		return 0, c.refuseType(t, wrong)
	}
	if c.open(id) {
		return id, abi.OK
	}
	return 0, abi.OK
}

func (c *checker) pushUnless(id uint32, errno abi.Errno) abi.Errno {
	if errno != abi.OK {
		return errno
	}
	return c.push(id)
}

func (c *checker) stepStruct(t *Type, v *vertex) abi.Errno {
	if v.next > 0 { // the way comes back from this member
		if errno := c.checkMember(t, t.member(v.next-1)); errno != abi.OK {
			return errno
		}
	}
	for i := v.next; i < t.vlen(); i++ {
		m := t.member(i)
		if target := c.target(m.typ); target == nil || target.in(sizeless) {
			return c.refuseMember(t, m, "Invalid member")
		}
		if c.open(m.typ) {
			v.next = i + 1
			return c.push(m.typ)
		}
		if errno := c.checkMember(t, m); errno != abi.OK {
			return errno
		}
	}
	return c.pop(0, 0)
}

func (c *checker) stepDataSec(t *Type, v *vertex) abi.Errno {
	c.mode = undecided
	for i := v.next; i < t.vlen(); i++ {
		in := t.variable(i)
		target := c.Type(in.typ)
		if target == nil || target.Kind() != Var {
			return c.refuseVariable(t, in, "Not a VAR kind member")
		}
		if c.open(in.typ) {
			v.next = i + 1
			return c.push(in.typ)
		}
		sized, _, size := c.Sized(target.size)
		switch {
		case sized == nil:
			return c.refuseVariable(t, in, "Invalid type")
		case in.size < size:
			return c.refuseVariable(t, in, "Invalid size")
		}
	}
	return c.pop(0, 0)
}

func (c *checker) stepDeclTag(t *Type) abi.Errno {
	target := c.Type(t.size)
	if target == nil || !target.in(tagTargets) {
		return c.refuseType(t, "Invalid type_id")
	}
	if c.open(t.size) {
		return c.push(t.size)
	}
	if at := t.component(); at != -1 {
		if target.Kind() == Func {
			target = c.Type(target.size)
		}
		if target.in(kinds(Var, Typedef)) || int(at) >= target.vlen() {
			return c.refuseType(t, "Invalid component_idx")
		}
	}
	return c.pop(t.size, 0)
}
