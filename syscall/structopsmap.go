package bpfsys

import (
	"bytes"
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// opsContent is what a STRUCT_OPS map has beside its bytes. All but the kind is there when there is a value, and for good.
type opsContent struct {
	kind     *opsKind
	name     opsName
	programs []*Program // with a reference each
}

// functions is how many members of the struct are functions.
func (o *opsContent) functions() (n int) {
	if o == nil {
		return 0
	}
	for _, m := range o.kind.members {
		if m.proto != nil {
			n++
		}
	}
	return n
}

// setOps follows bpf_struct_ops_map_update_elem. Memory and fds are read before the map is locked.
func (c *call) setOps(m *Map, key, value []byte, flags uint64) abi.Errno {
	switch {
	case flags != 0:
		return abi.EINVAL
	case binary.NativeEndian.Uint32(key) != 0:
		return abi.E2BIG
	case !m.ops.kind.writable(value):
		return abi.EINVAL
	case !m.tryHold(): // closed meanwhile: the programs would never be given back
		return abi.EBADF
	}
	defer m.Release()
	f := opsFilling{call: c.escaping(), kind: m.ops.kind, value: bytes.Clone(value), has: map[string]bool{}}
	wrong := f.fill()
	errno := m.structOps.Install(c.task, f.value, wrong, func() abi.Errno { return m.adoptOps(&f) })
	if errno != abi.OK {
		releaseAll(f.programs)
	}
	return errno
}

// adoptOps takes over what a value refers to, and registers it unless a link does that.
func (m *Map) adoptOps(f *opsFilling) abi.Errno {
	name := opsName{f.kind.name, f.kind.key(f.value)}
	if m.Spec().Flags&abi.FlagLink == 0 {
		if errno := m.kernel.hooks.registerOps(m, name); errno != abi.OK {
			return errno
		}
		m.Hold() // by what it is registered with
	}
	m.ops.name, m.ops.programs = name, f.programs
	return abi.OK
}

func releaseAll(programs []*Program) {
	for _, p := range programs {
		p.Release()
	}
}

// writable tells whether nothing is in the holes of a value and in the kernel's own fields.
func (k *opsKind) writable(value []byte) bool {
	for _, hole := range k.holes {
		if !isZero(hole.of(value)) {
			return false
		}
	}
	return isZero(value[:maps.OpsCommonSize])
}

func isZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// opsFilling is a value on its way into a map.
type opsFilling struct {
	*call
	kind     *opsKind
	value    []byte // in the end, as user space reads it
	programs []*Program
	has      map[string]bool // members that are programs
}

// fill checks the members in their order and puts the ids of programs in the place of their fds.
func (f *opsFilling) fill() abi.Errno {
	if refused := f.kind.rules.refused; refused != abi.OK {
		return refused
	}
	for i, m := range f.kind.members {
		if errno := f.member(uint32(i), m); errno != abi.OK {
			return errno
		}
	}
	if complete := f.kind.rules.complete; complete != nil {
		return invalidUnless(complete(func(name string) bool { return f.has[name] }))
	}
	return abi.OK
}

func (f *opsFilling) member(i uint32, m opsMember) abi.Errno {
	field := m.span.of(f.value)
	data := f.kind.rules.data
	switch check := data[m.name]; {
	case m.owner:
		return invalidUnless(isZero(field))
	case check != nil:
		return check(field)
	case m.proto != nil:
		return f.function(i, m.name, field)
	case data == nil:
		return abi.OK
	}
	return invalidUnless(isZero(field))
}

// function is a member that is a program, or none: its low 32 bits are an fd.
func (f *opsFilling) function(i uint32, name string, field []byte) abi.Errno {
	fd := int32(binary.NativeEndian.Uint64(field))
	if fd == 0 {
		return abi.OK
	}
	p, errno := f.program(fd)
	if errno != abi.OK {
		return errno
	}
	f.programs = append(f.programs, p)
	if p.kind != abi.ProgStructOps || p.targetID != f.kind.id || uint32(p.attach) != i {
		return abi.EINVAL
	}
	f.has[name] = true
	binary.NativeEndian.PutUint64(field, uint64(p.id))
	return abi.OK
}

// lookupOps copies the value out, with the number of references that no fd or pin has.
func (m *Map) lookupOps(t *maps.Task, key, value []byte) abi.Errno {
	errno := m.structOps.Lookup(t, key, value)
	if errno == abi.OK && m.structOps.State() != maps.OpsInit {
		binary.NativeEndian.PutUint32(value[maps.OpsReferences:], uint32(max(0, m.refs.Load()-m.users.Load())))
	}
	return errno
}

// removeOps ends the use of a value that no link has registered.
func (m *Map) removeOps(t *maps.Task, key []byte) abi.Errno {
	errno := m.structOps.Delete(t, key)
	if errno == abi.OK {
		h := &m.kernel.hooks
		h.mu.Lock()
		h.unregisterOps(m)
		h.unlock()
	}
	return errno
}
