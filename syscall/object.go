package bpfsys

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/maps"
)

// Map is a map as the system call knows it: the elements, and id, name, references and the frozen state around them.
type Map struct {
	kernel *Kernel
	maps   maps.Map
	id     uint32
	name   string
	frozen atomic.Bool
	refs   atomic.Int32
}

// ID is the map's id, unique among the kernel's live maps.
func (m *Map) ID() uint32 { return m.id }

// Name is the map_name given to MapCreate.
func (m *Map) Name() string { return m.name }

// Frozen reports whether MapFreeze has ended updates through bpf(2).
func (m *Map) Frozen() bool { return m.frozen.Load() }

// Spec is the map's shape as info shows it.
func (m *Map) Spec() maps.Spec { return m.maps.Spec() }

// Hold takes another reference.
func (m *Map) Hold() { m.refs.Add(1) }
