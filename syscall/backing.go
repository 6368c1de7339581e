package bpfsys

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Backing is memory for what processes can map of an array (BPF_F_MMAPABLE) or a ring buffer.
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
	if p.Backing == nil || !maps.Mappable(spec) {
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
// shared, and only ARRAY, the rings and ARENA know mappings at all.
func (f *File) MayMap(want Mapping) abi.Errno {
	switch {
	case want.Length == 0:
		return abi.EINVAL
	case !f.access.CanRead(), want.Write && !f.access.CanWrite():
		return abi.EACCES
	case want.Exec:
		return abi.EPERM
	case f.m == nil:
		return f.mayMapOther(want)
	case f.m.Spec().Type != abi.Array && f.m.waited == nil && f.m.Spec().Type != abi.Arena, f.m.types.record != nil:
		return abi.ENOTSUPP
	case !want.Shared || !f.access.CanWrite():
		return abi.EINVAL
	case want.Write && f.m.Frozen():
		return abi.EPERM
	case want.Write && f.m.Spec().Flags&abi.FlagReadOnlyProg != 0:
		return abi.EACCES
	}
	if f.m.Spec().Type == abi.Arena {
		return f.m.mayMapArena(want)
	}
	return f.m.mappable(want)
}

// mayMapArena is arena_get_unmapped_area and arena_map_mmap: from the start, and no longer than an arena can be. Where the mapping
// comes to lie is the kernel's choice, or the process's: Linux insists that it is the same place each time.
func (m *Map) mayMapArena(want Mapping) abi.Errno {
	const longest = 4 << 30
	switch {
	case want.Offset != 0:
		return abi.EINVAL
	case want.Length > longest:
		return abi.E2BIG
	}
	m.mapped.Store(true)
	return abi.OK
}

// Mappable is an object other than a map that processes can map.
type Mappable interface {
	Object
	// MayMap is what its own mmap finds wrong. It may give the object its memory.
	MayMap(want Mapping) abi.Errno
	// Backing is what is mapped, as Process.Backing gave it before the object had a fd.
	Backing() Backing
}

// mayMapOther is MayMap of an object that is no map.
func (f *File) mayMapOther(want Mapping) abi.Errno {
	if o, ok := f.object.(Mappable); ok {
		return o.MayMap(want)
	}
	return abi.ENODEV
}

// mappable is what array_map_mmap, ringbuf_map_mmap_kern and ringbuf_map_mmap_user say: pages are counted, not bytes. Of
// a ring a process may write to its own position, and what else it produces.
func (m *Map) mappable(want Mapping) abi.Errno {
	const page = 4096
	length := (want.Length + page - 1) &^ (page - 1)
	switch {
	case want.Write && m.Spec().Type == abi.RingBuf && (want.Offset != 0 || length != page),
		want.Write && m.Spec().Type == abi.UserRingBuf && want.Offset == 0:
		return abi.EPERM
	}
	bytes := maps.MappableBytes(m.Spec())
	if want.Offset > bytes || length == 0 || length > bytes-want.Offset {
		return abi.EINVAL
	}
	return abi.OK
}
