package maps

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// mapped is how a type is made in memory that processes can map.
type mapped struct {
	bytes  func(Spec) uint64 // that Linux takes
	memory func(Spec) uint64 // bytes that can be mapped
	make   func(Spec, []atomic.Uint64) Map
}

// mappedOf is how a map like spec is mapped, false when it cannot be.
func mappedOf(spec Spec) (mapped, bool) {
	switch {
	case spec.Type == abi.Array && spec.Flags&abi.FlagMmapable != 0:
		return mapped{arrayBytes, arrayMemory, inMemory(newMappedArray)}, true
	case spec.Type == abi.Arena:
		return mapped{noBytes, arenaBytes, inMemory(newMappedArena)}, true
	case spec.Type == abi.RingBuf:
		return mapped{ringBytes, ringMapped, inMemory(newMappedRingBuf)}, true
	case spec.Type == abi.UserRingBuf:
		return mapped{ringBytes, ringMapped, inMemory(newMappedUserRing)}, true
	}
	return mapped{}, false
}

func inMemory[M Map](make func(Spec, []atomic.Uint64) M) func(Spec, []atomic.Uint64) Map {
	return func(spec Spec, memory []atomic.Uint64) Map { return make(spec, memory) }
}

// Mappable tells whether processes can map a map like spec.
func Mappable(spec Spec) bool {
	_, ok := mappedOf(spec)
	return ok
}

// MappableBytes is how much of a map can be mapped, 0 where nothing can.
func MappableBytes(spec Spec) uint64 {
	kind, ok := mappedOf(spec)
	if !ok {
		return 0
	}
	return kind.memory(spec)
}

// MappableWords is the memory, in words of 8 bytes, that NewMappable asks for. It is ENOMEM for what New would not make either.
func MappableWords(spec Spec) (uint64, abi.Errno) {
	kind, _ := mappedOf(spec)
	if errno := afford(spec, kind.bytes(spec)); errno != abi.OK {
		return 0, errno
	}
	return kind.memory(spec) / 8, abi.OK
}

// NewMappable is New for a spec that is Mappable. What can be mapped lies in memory, of MappableWords zeros, that others
// may read and write at any time. A ring's data is there twice.
func NewMappable(spec Spec, memory []atomic.Uint64) Map {
	kind, _ := mappedOf(spec)
	return kind.make(spec, memory)
}
