package bpfsys

import (
	"math"
	"slices"
	"sync"
)

// registered is an object that has an id and references.
type registered interface {
	ID() uint32
	setID(id uint32)
	tryHold() bool
}

// registry is a kernel's live objects of a kind, ascending by id.
type registry[T registered] struct {
	mu   sync.RWMutex
	live []T
	last uint32 // the id given out last
}

// objects are a kernel's live maps.
type objects struct{ registry[*Map] }

// maxID is the largest id (idr_alloc_cyclic up to INT_MAX in bpf_map_alloc_id).
const maxID = math.MaxInt32 - 1

// add gives an object an id: the next free one behind the last, so that the id of a freed one does not come back at once.
func (r *registry[T]) add(o T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.last
	for taken := true; taken; {
		id = id%maxID + 1
		_, taken = r.find(id)
	}
	r.last = id
	r.insert(id, o)
}

// addAs gives an object an id that no other has.
func (r *registry[T]) addAs(id uint32, o T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.insert(id, o)
}

func (r *registry[T]) insert(id uint32, o T) {
	at, _ := r.find(id)
	o.setID(id)
	r.live = slices.Insert(r.live, at, o)
}

func (r *registry[T]) remove(o T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.find(o.ID()); ok {
		r.live = slices.Delete(r.live, at, at+1)
	}
}

// find is the place of id in live, or where it would be.
func (r *registry[T]) find(id uint32) (int, bool) {
	return slices.BinarySearchFunc(r.live, id, func(o T, id uint32) int {
		return int(int64(o.ID()) - int64(id))
	})
}

// hold finds the object with id and takes a reference for the caller; false when there is none.
func (r *registry[T]) hold(id uint32) (o T, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if at, ok := r.find(id); ok && r.live[at].tryHold() {
		return r.live[at], true
	}
	return o, false
}

// from is the smallest live id that is at least id.
func (r *registry[T]) from(id uint32) (uint32, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	at, _ := r.find(id)
	if at == len(r.live) {
		return 0, false
	}
	return r.live[at].ID(), true
}

// HoldMap finds the live map with an id and takes a reference for the caller, to whom it belongs until Release.
func (k *Kernel) HoldMap(id uint32) (*Map, bool) { return k.objects.hold(id) }

// HoldNamed finds a live map by its name, the oldest where several have it, and takes a reference, which keeps the map's memory
// while a test plays the kernel's side; nil when there is none.
func (k *Kernel) HoldNamed(name string) *Map {
	for _, m := range k.Maps() {
		if m.name == name && m.tryHold() {
			return m
		}
	}
	return nil
}

// Maps are the kernel's live maps, ascending by id, for looking at them from outside. It takes no references.
func (k *Kernel) Maps() []*Map {
	k.objects.mu.RLock()
	defer k.objects.mu.RUnlock()
	return slices.Clone(k.objects.live)
}
