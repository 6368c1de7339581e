package bpfsys

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Backing is memory for the elements of an array that processes can map (BPF_F_MMAPABLE).
type Backing interface {
	// Words are the memory, zero at first.
	Words() []atomic.Uint64
	// Freeze makes sure that nobody writes through a mapping from now on: EBUSY while there is one that may.
	Freeze() abi.Errno
	// Free is called when the last reference to the map is gone. A call in progress counts as one only where
	// Files.Get takes it.
	Free()
}

// newElements makes the elements of a map, in memory that the process can map where both ask for it.
func (c *call) newElements(spec maps.Spec) (maps.Map, Backing, abi.Errno) {
	p := c.proc
	if p.Backing == nil || spec.Flags&abi.FlagMmapable == 0 {
		made, errno := c.kernel.options.NewMap(spec)
		return made, nil, errno
	}
	words, errno := maps.MappableWords(spec)
	if errno != abi.OK {
		return nil, nil, errno
	}
	backing, errno := p.Backing(words)
	if errno != abi.OK {
		return nil, nil, errno
	}
	return maps.NewMappable(spec, backing.Words()), backing, abi.OK
}

// Backing is the memory that Process.Backing gave for the map, nil when it gave none.
func (m *Map) Backing() Backing { return m.backing }

// freeze sets the frozen state. Writers are looked for again behind it: from then on none begins.
func (m *Map) freeze() abi.Errno {
	if !m.writers.none() || !m.frozen.CompareAndSwap(false, true) {
		return abi.EBUSY
	}
	errno := abi.OK
	switch {
	case !m.writers.none():
		errno = abi.EBUSY
	case m.backing != nil:
		errno = m.backing.Freeze()
	}
	if errno != abi.OK {
		m.frozen.Store(false)
	}
	return errno
}

// Mapping is what mmap(2) asks for.
type Mapping struct {
	Offset, Length      uint64 // bytes
	Write, Exec, Shared bool
}

// MayMap answers mmap(2) of an fd, in the order of do_mmap in the kernel's mm/mmap.c and bpf_map_mmap in
// kernel/bpf/syscall.c (6.18): BPF objects are never executable, the memory of a read-only fd does not count as
// shared, and of the types here only ARRAY knows mappings at all.
func (f *File) MayMap(want Mapping) abi.Errno {
	switch {
	case want.Length == 0:
		return abi.EINVAL
	case !f.access.CanRead(), want.Write && !f.access.CanWrite():
		return abi.EACCES
	case want.Exec:
		return abi.EPERM
	case f.m == nil:
		return abi.ENODEV
	case f.m.Spec().Type != abi.Array, f.m.types.record != nil:
		return abi.ENOTSUPP
	case !want.Shared || !f.access.CanWrite():
		return abi.EINVAL
	case want.Write && f.m.Frozen():
		return abi.EPERM
	case want.Write && f.m.Spec().Flags&abi.FlagReadOnlyProg != 0:
		return abi.EACCES
	}
	return f.m.mappable(want)
}

// mappable is what array_map_mmap says.
func (m *Map) mappable(want Mapping) abi.Errno {
	words, _ := maps.MappableWords(m.Spec())
	if m.Spec().Flags&abi.FlagMmapable == 0 || want.Offset > 8*words || want.Length > 8*words-want.Offset {
		return abi.EINVAL
	}
	return abi.OK
}
