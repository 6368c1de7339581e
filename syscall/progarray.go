package bpfsys

import (
	"encoding/binary"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
)

// owner is what the programs have in common that a map can hold or that use it: tail calls go between them (bpf_map_owner in
// kernel/bpf/core.c). The first one decides, and for good.
type owner struct {
	mu     sync.Mutex
	set    bool
	kind   abi.ProgType
	place  abi.AttachType
	proto  *btf.Type
	frags  bool
	cgroup [len(cgroupStorages)]*Map // the cgroup storages of the first program, which are only compared
}

// fits reports whether p is like the programs before it (__bpf_prog_map_compatible). Those of a PROG_ARRAY are for the same place.
func (m *Map) fits(p *Program) bool {
	o := &m.owner
	o.mu.Lock()
	defer o.mu.Unlock()
	frags := p.flags&progXDPFrags != 0
	if !o.set {
		o.set, o.kind, o.place, o.proto, o.frags, o.cgroup = true, p.kind, p.attach, p.proto, frags, p.cgroup
		return true
	}
	for i, m := range p.cgroup {
		if m != nil && m != o.cgroup[i] {
			return false
		}
	}
	return o.kind == p.kind && o.proto == p.proto && o.frags == frags && (o.place == p.attach || m.Spec().Type != abi.ProgArray)
}

// fdinfo is what fdinfo says of it.
func (o *owner) fdinfo() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.set {
		return ""
	}
	return "owner_prog_type:\t" + o.kind.Number() + "\nowner_jited:\t0\n"
}

// checkOwners is bpf_check_tail_call: a program fits into the maps of programs that it uses.
func (l *loading) checkOwners() abi.Errno {
	for _, m := range l.made.maps {
		if containsPrograms(m.Spec().Type) && !m.fits(l.made) {
			return abi.EINVAL
		}
	}
	return abi.OK
}

// containsPrograms tells the maps whose programs must be like those that use the map (map_type_contains_progs).
func containsPrograms(t abi.MapType) bool {
	return t == abi.ProgArray || t == abi.DevMap || t == abi.CPUMap
}

// programRef is a program in a map.
type programRef struct{ *Program }

// Show writes the program's id.
func (p programRef) Show(value []byte) { binary.NativeEndian.PutUint32(value, p.id) }

// Gone is false: the map holds it.
func (p programRef) Gone() bool { return false }

// Attach does not object.
func (p programRef) Attach(abi.MapType) abi.Errno { return abi.OK }

// Detach gives the program back.
func (p programRef) Detach(abi.MapType) { p.Release() }

// programFinder looks for programs that fit into m.
type programFinder struct {
	finder
	m *Map
}

func (c *programFinder) find(value []byte) (maps.Referent, abi.Errno) {
	p, errno := c.program(int32(binary.NativeEndian.Uint32(value)))
	switch {
	case errno != abi.OK:
		return nil, errno
	case p.kind == abi.ProgExt, !c.m.fits(p):
		p.Release()
		return nil, abi.EINVAL
	}
	return programRef{p}, abi.OK
}
