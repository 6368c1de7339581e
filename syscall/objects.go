package bpfsys

import (
	"math"
	"slices"
	"sync"
)

// objects are a kernel's live maps, ascending by id.
type objects struct {
	mu   sync.RWMutex
	live []*Map
	last uint32 // the id given out last
}

// maxID is the largest id (idr_alloc_cyclic up to INT_MAX in bpf_map_alloc_id).
const maxID = math.MaxInt32 - 1

// add gives m an id: the next free one behind the last, so that the id of a freed map does not come back at once.
func (o *objects) add(m *Map) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := o.last
	for taken := true; taken; {
		id = id%maxID + 1
		_, taken = o.find(id)
	}
	at, _ := o.find(id)
	m.id, o.last = id, id
	o.live = slices.Insert(o.live, at, m)
}

func (o *objects) remove(m *Map) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if at, ok := o.find(m.id); ok {
		o.live = slices.Delete(o.live, at, at+1)
	}
}

// find is the place of id in live, or where it would be.
func (o *objects) find(id uint32) (int, bool) {
	return slices.BinarySearchFunc(o.live, id, func(m *Map, id uint32) int {
		return int(int64(m.id) - int64(id))
	})
}

// hold finds the map with id and takes a reference for the caller; nil when there is none.
func (o *objects) hold(id uint32) *Map {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if at, ok := o.find(id); ok && o.live[at].tryHold() {
		return o.live[at]
	}
	return nil
}

// from is the smallest live id that is at least id.
func (o *objects) from(id uint32) (uint32, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	at, _ := o.find(id)
	if at == len(o.live) {
		return 0, false
	}
	return o.live[at].id, true
}

// Maps are the kernel's live maps, ascending by id, for looking at them from outside. It takes no references.
func (k *Kernel) Maps() []*Map {
	k.objects.mu.RLock()
	defer k.objects.mu.RUnlock()
	return slices.Clone(k.objects.live)
}
