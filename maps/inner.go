package maps

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// Inner is what a map of maps (map_in_map.c) knows of those that it holds. Its values are their ids, which is how user
// space reads them: as long as it holds a map, the map keeps its id.
type Inner struct {
	// Shape is that of the map that MapCreate was given: others must be like it.
	Shape Spec
	// Maps are all that the kernel has.
	Maps Registry
}

// Registry knows maps by their ids.
type Registry interface {
	// Map is the live map with that id.
	Map(id uint32) (m Map, live bool)
	// Release takes back the reference that Update took over together with the id.
	Release(id uint32)
}

// Outer is a map whose values are maps. Its Update takes over a reference to the map with the id that is the value, if it
// answers OK.
type Outer interface {
	Lookuper
	Updater
	Admitter
	// LookupInner finds an inner map, as a BPF program does.
	LookupInner(t *Task, key []byte) (Map, bool)
	// Close gives back what the map holds. Nothing may use it afterwards.
	Close()
}

// Takes reports whether a map of that shape may be in the outer one (bpf_map_meta_equal). An ARRAY's size is compiled
// into programs that use it, unless it was made to differ.
func (i *Inner) Takes(other Spec) bool {
	s := i.Shape
	same := s.Type == other.Type && s.KeySize == other.KeySize && s.ValueSize == other.ValueSize && s.Flags == other.Flags
	sized := s.Type == abi.Array && s.Flags&abi.FlagInnerMap == 0
	return same && (!sized || s.MaxEntries == other.MaxEntries)
}

// find is the live map with the id in a value.
func (i *Inner) find(value []byte) (Map, bool) { return i.Maps.Map(idIn(value)) }

// release gives back the maps whose ids are in values.
func (i *Inner) release(values []byte) {
	for ; len(values) > 0; values = values[idBytes:] {
		i.Maps.Release(idIn(values))
	}
}

// idBytes is the size of an id, and of the fd that names the map in an update.
const idBytes = 4

func idIn(value []byte) uint32 { return binary.NativeEndian.Uint32(value) }
