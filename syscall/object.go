package bpfsys

import (
	"crypto/sha256"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Map is a map as the system call knows it: the elements, and id, name, references and the frozen state around them.
type Map struct {
	elements
	kernel *Kernel
	id     uint32
	name   string
	frozen atomic.Bool
	mapped atomic.Bool // an ARENA, by somebody: programs may use it from then on
	// exclusive is the hash of the program that alone may use the map, nil for others.
	exclusive *[sha256.Size]byte
	refs      atomic.Int32
	users     atomic.Int32 // of refs, those of open files and pins
	owner     owner        // of a PROG_ARRAY
	writers   cpuCounter   // calls and mappings that write
	backing   Backing
	waiters   waiters
	types     mapTypes
	inner     mapTypes      // of the maps in a map of maps
	ops       *opsContent   // of a STRUCT_OPS
	account   *maps.Account // of what it takes of the memory of all maps
}

// ID is the map's id, unique among the kernel's live maps.
func (m *Map) ID() uint32 { return m.id }

func (m *Map) setID(id uint32) { m.id = id }

// Kind is the link text of an fd.
func (m *Map) Kind() string { return "bpf-map" }

// Name is the map_name given to MapCreate.
func (m *Map) Name() string { return m.name }

// Frozen reports whether MapFreeze has ended updates through bpf(2).
func (m *Map) Frozen() bool { return m.frozen.Load() }

// Spec is the map's shape as info shows it.
func (m *Map) Spec() maps.Spec { return m.maps.Spec() }

// Elements is the map itself, as BPF programs reach it: past fds, access modes and freezing.
func (m *Map) Elements() maps.Map { return m.maps }

// Hold takes another reference.
func (m *Map) Hold() { m.refs.Add(1) }

// tryHold takes a reference unless the last one is gone already.
func (m *Map) tryHold() bool { return holdLive(&m.refs) }

// Release drops a reference; the last one frees the map and its id.
func (m *Map) Release() {
	if m.refs.Add(-1) == 0 {
		m.kernel.objects.remove(m)
		m.free()
	}
}

// endUse is the end of an open file or pin. Without any, a PROG_ARRAY is emptied (map_release_uref): the programs in it
// may be those that use it, and nobody would ever be the last.
func (m *Map) endUse() {
	if m.users.Add(-1) == 0 {
		m.clearUnused()
	}
}

func (m *Map) clearUnused() {
	if m.referring != nil && m.Spec().Type == abi.ProgArray && m.users.Load() == 0 {
		m.referring.Close()
	}
}

// free gives back what is no Go memory, and the maps and BTF that m holds.
func (m *Map) free() {
	switch {
	case m.outer != nil:
		m.outer.Close()
	case m.referring != nil:
		m.referring.Close()
	case m.holder != nil:
		m.holder.Close()
	case m.ops != nil:
		releaseAll(m.ops.programs)
	}
	if m.maps != nil && m.takesPrograms() { // a map that is refused has no elements
		m.kernel.hooks.forget(m)
	}
	if m.backing != nil {
		m.backing.Free()
	}
	for _, held := range []*BTF{m.types.btf, m.inner.btf} {
		if held != nil {
			held.Release()
		}
	}
	m.account.Close()
}

// BeginWrite marks a write in progress, for the length of a system call or of a writable mmap: MapFreeze answers
// EBUSY meanwhile (bpf_map_write_active_inc in kernel/bpf/syscall.c).
func (m *Map) BeginWrite() { m.writers.add(0, 1) }

// EndWrite ends what BeginWrite began.
func (m *Map) EndWrite() { m.writers.add(0, -1) }

// holdLive counts refs up unless they are 0.
func holdLive(refs *atomic.Int32) bool {
	for {
		n := refs.Load()
		if n <= 0 {
			return false
		}
		if refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}
