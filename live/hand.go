package live

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/model"
)

// Hand is a thread that changes a map, and the record of what it did.
type Hand struct {
	FD     int32
	Shape  explore.Shape
	Random *rand.Rand

	desk   *desk
	clock  *Clock
	number *atomic.Uint64 // of the last write by anybody
	writes []model.Write
	ends   []func()
}

// AtEnd calls f when the hand's work is over.
func (h *Hand) AtEnd(f func()) { h.ends = append(h.ends, f) }

// Update gives key a new value.
func (h *Hand) Update(key uint32) { h.put(key, abi.Any) }

// Insert gives key a value if it has none.
func (h *Hand) Insert(key uint32) { h.put(key, abi.NoExist) }

func (h *Hand) put(key uint32, flags uint64) {
	h.Record(key, false, func() (string, bool) {
		value := ValueOf(h.number.Add(1), h.Shape.Value)
		return value, h.desk.update(keyOf(key), value, flags) == abi.OK
	})
}

// Delete removes key.
func (h *Hand) Delete(key uint32) {
	h.Record(key, true, func() (string, bool) { return "", h.desk.delete(keyOf(key)) == abi.OK })
}

// Take removes key and keeps what it was given.
func (h *Hand) Take(key uint32) {
	h.Record(key, true, func() (string, bool) {
		value, errno := h.desk.take(keyOf(key))
		return value, errno == abi.OK
	})
}

// Record notes a change of key and when it may have happened, if it did: change makes it and returns the value that key
// has now or, where it was removed, that the remover was given.
func (h *Hand) Record(key uint32, removed bool, change func() (value string, done bool)) {
	start := h.clock.Now()
	value, done := change()
	end := h.clock.Now()
	if done {
		h.writes = append(h.writes, model.Write{Start: start, End: end, Key: keyOf(key), Value: value, Removed: removed})
	}
}
