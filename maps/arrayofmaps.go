package maps

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// arrayOfMaps is ARRAY_OF_MAPS (arraymap.c): max entries slots, each with the id of a map or 0.
type arrayOfMaps struct {
	vector vector
	inner  *Inner
}

func newArrayOfMaps(spec Spec) *arrayOfMaps {
	stride := vectorStride(spec)
	return &arrayOfMaps{vector{spec, stride, newWords(stride * uint64(spec.MaxEntries))}, spec.Inner}
}

func (a *arrayOfMaps) Spec() Spec      { return a.vector.spec }
func (a *arrayOfMaps) ValueBytes() int { return idBytes }

// Memlock is what fdinfo of 6.18 shows.
func (a *arrayOfMaps) Memlock() uint64 { return arrayBytes(a.vector.spec) }

// Lookup copies the id of a map; an empty slot is ENOENT.
func (a *arrayOfMaps) Lookup(t *Task, key, value []byte) abi.Errno {
	id := a.id(t, key)
	if id == 0 {
		return abi.ENOENT
	}
	binary.NativeEndian.PutUint32(value, id)
	return abi.OK
}

func (a *arrayOfMaps) id(t *Task, key []byte) uint32 {
	i, ok := a.vector.index(key)
	if !ok {
		return 0
	}
	t.Step(PointFind)
	return uint32(a.vector.words.load(i))
}

// LookupInner finds the map in a slot.
func (a *arrayOfMaps) LookupInner(t *Task, key []byte) (Map, bool) {
	id := a.id(t, key)
	if id == 0 {
		return nil, false
	}
	return a.inner.Maps.Map(id)
}

// Admit takes no flags at all, and looks at them before the index.
func (a *arrayOfMaps) Admit(key []byte, flags uint64) abi.Errno {
	if flags != abi.Any {
		return abi.EINVAL
	}
	if _, ok := a.vector.index(key); !ok {
		return abi.E2BIG
	}
	return abi.OK
}

// Update puts a map in a slot in one step.
func (a *arrayOfMaps) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	if errno := a.Admit(key, flags); errno != abi.OK {
		return errno
	}
	a.exchange(t, key, idIn(value))
	return abi.OK
}

// Delete empties a slot.
func (a *arrayOfMaps) Delete(t *Task, key []byte) abi.Errno {
	if _, ok := a.vector.index(key); !ok {
		return abi.E2BIG
	}
	if a.exchange(t, key, 0) == 0 {
		return abi.ENOENT
	}
	return abi.OK
}

// exchange sets a slot, and gives back and returns what was in it.
func (a *arrayOfMaps) exchange(t *Task, key []byte, id uint32) (old uint32) {
	i, _ := a.vector.index(key)
	t.Step(PointWord)
	if old = uint32(a.vector.words.touch(i).Swap(uint64(id))); old != 0 {
		a.inner.Maps.Release(old)
	}
	return old
}

// NextKey counts up, past empty slots too.
func (a *arrayOfMaps) NextKey(t *Task, key, next []byte) abi.Errno {
	return a.vector.NextKey(t, key, next)
}

// Sweeper copies the ids.
func (a *arrayOfMaps) Sweeper() *Sweeper { return &Sweeper{others: a} }

// copyMany passes over empty slots, but does not tell of the end behind one: a walk key by key has come to that.
func (a *arrayOfMaps) copyMany(_ *Task, after []byte, _ bool, to room) (n int, end bool) {
	for i := a.vector.behind(after); i < uint64(a.vector.spec.MaxEntries) && n < to.elements; i++ {
		id := uint32(a.vector.words.load(i))
		if end = id != 0 && i+1 == uint64(a.vector.spec.MaxEntries); id == 0 {
			continue
		}
		binary.NativeEndian.PutUint32(to.key(n), uint32(i))
		binary.NativeEndian.PutUint32(to.value(n), id)
		n++
	}
	return n, end
}

// Close empties all slots.
func (a *arrayOfMaps) Close() {
	for i := range uint64(a.vector.spec.MaxEntries) {
		if id := a.vector.words.load(i); id != 0 {
			a.inner.Maps.Release(uint32(id))
		}
	}
}
