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
	ends   []func()
}

// AtEnd calls f when the mutator's work is over.
func (m *Mutator) AtEnd(f func()) { m.ends = append(m.ends, f) }

// Update gives key a new value.
func (m *Mutator) Update(key uint32) { m.put(key, abi.Any) }

// Insert gives key a value if it has none.
func (m *Mutator) Insert(key uint32) { m.put(key, abi.NoExist) }

func (m *Mutator) put(key uint32, flags uint64) {
	m.Record(key, false, func() (string, bool) {
		value := ValueOf(m.number.Add(1), m.Shape.Value)
		return value, m.caller.update(keyOf(key), value, flags) == abi.OK
	})
}

// Delete removes key.
func (m *Mutator) Delete(key uint32) {
	m.Record(key, true, func() (string, bool) { return "", m.caller.delete(keyOf(key)) == abi.OK })
}

// Take removes key and keeps what it was given.
func (m *Mutator) Take(key uint32) {
	m.Record(key, true, func() (string, bool) {
		value, errno := m.caller.take(keyOf(key))
		return value, errno == abi.OK
	})
}

// Record notes a change of key and when it may have happened, if it did: change makes it and returns the value that key
// has now or, where it was removed, that the remover was given.
func (m *Mutator) Record(key uint32, removed bool, change func() (value string, done bool)) {
	start := m.clock.Now()
	value, done := change()
	end := m.clock.Now()
	if done {
		m.writes = append(m.writes, model.Write{Start: start, End: end, Key: keyOf(key), Value: value, Removed: removed})
	}
}
