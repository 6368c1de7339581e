package live

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
)

// Mutator is a thread that changes a map, and the record of what it did.
type Mutator struct {
	FD     int32
	Shape  explore.Shape
	Random *rand.Rand

	caller *caller
	clock  *Clock
	number *atomic.Uint64 // of the last write by anybody
	writes []model.Write
	told   []model.Operation
	ends   []func()
}

// AtEnd calls f when the mutator's work is over.
func (m *Mutator) AtEnd(f func()) { m.ends = append(m.ends, f) }

// Update gives key a new value.
func (m *Mutator) Update(key uint32) { m.put(key, abi.Any) }

// Insert gives key a value if it has none.
func (m *Mutator) Insert(key uint32) { m.put(key, abi.NoExist) }

func (m *Mutator) put(key uint32, flags uint64) {
	effect := model.Put
	if flags == abi.NoExist {
		effect = model.Added
	}
	m.Record(key, effect, func() (string, abi.Errno) {
		value := ValueOf(m.number.Add(1), m.Shape.Value)
		return value, m.caller.update(keyOf(key), value, flags)
	})
}

// Delete removes key.
func (m *Mutator) Delete(key uint32) {
	m.Record(key, model.Removed, func() (string, abi.Errno) { return "", m.caller.delete(keyOf(key)) })
}

// Take removes key and keeps what it was given.
func (m *Mutator) Take(key uint32) {
	m.Record(key, model.Took, func() (string, abi.Errno) { return m.caller.take(keyOf(key)) })
}

// Record notes what was done to key and when it may have taken effect: do does it and returns the value that key has now or,
// where it was taken, had. Where it fails, EEXIST and ENOENT still tell of the key.
func (m *Mutator) Record(key uint32, effect model.Effect, do func() (value string, errno abi.Errno)) {
	start := m.clock.Now()
	value, errno := do()
	end := m.clock.Now()
	switch errno {
	case abi.OK:
		removed := effect == model.Removed || effect == model.Took
		m.writes = append(m.writes, model.Write{Start: start, End: end, Key: keyOf(key), Value: value, Removed: removed})
	case abi.EEXIST:
		effect = model.FoundPresent
	case abi.ENOENT:
		if effect == model.Overwrote { // a lookup without a lock may miss what is there
			return
		}
		effect = model.FoundAbsent
	default:
		return
	}
	m.told = append(m.told, model.Operation{Start: start, End: end, Key: keyOf(key), Effect: effect, Value: value})
}
