package maps

import "github.com/bpfsim/bpfsim/abi"

// references are the elements of an array type whose values refer to something: max entries slots, most of them empty.
type references struct {
	oneByOne
	spec Spec
	lock Lock
	held map[uint32]Referent
}

func newReferences(spec Spec) references { return references{spec: spec, held: map[uint32]Referent{}} }

func (r *references) Spec() Spec      { return r.spec }
func (r *references) ValueBytes() int { return int(r.spec.ValueSize) }

// NextKey counts up, past empty slots too.
func (r *references) NextKey(t *Task, key, next []byte) abi.Errno {
	v := vector{spec: r.spec}
	return v.NextKey(t, key, next)
}

// index is the slot that key names, false behind the last.
func (r *references) index(key []byte) (uint32, bool) {
	i := idIn(key)
	return i, i < r.spec.MaxEntries
}

// show copies what a slot refers to; an empty one, and none, is ENOENT.
func (r *references) show(t *Task, key, value []byte) abi.Errno {
	i, _ := r.index(key)
	r.lock.Lock(t)
	defer r.lock.Unlock()
	to := r.at(i)
	if to == nil {
		return abi.ENOENT
	}
	to.Show(value)
	return abi.OK
}

// at is what slot i refers to, nil for nothing any more.
func (r *references) at(i uint32) Referent {
	to := r.held[i]
	if to != nil && to.Gone() {
		r.put(i, nil)
		return nil
	}
	return to
}

// put makes slot i refer to something, or to nothing.
func (r *references) put(i uint32, to Referent) {
	if old := r.held[i]; old != nil {
		old.Detach(r.spec.Type)
		delete(r.held, i)
	}
	if to != nil {
		r.held[i] = to
	}
}

// clear empties slot i and reports whether there was anything in it.
func (r *references) clear(t *Task, i uint32) bool {
	r.lock.Lock(t)
	defer r.lock.Unlock()
	there := r.at(i) != nil
	r.put(i, nil)
	return there
}

// Close empties all slots.
func (r *references) Close() {
	r.lock.Lock(bystander)
	defer r.lock.Unlock()
	for i := range r.held {
		r.put(i, nil)
	}
}

// live is the number of slots that refer to something.
func (r *references) live() (n uint64) {
	r.lock.Lock(bystander)
	defer r.lock.Unlock()
	for i := range r.held {
		if r.at(i) != nil {
			n++
		}
	}
	return n
}

// occupied is the errno of flags for a slot, which may have something in it or not.
func occupied(there bool, flags uint64) abi.Errno {
	switch {
	case there && flags == abi.NoExist:
		return abi.EEXIST
	case !there && flags == abi.Exist:
		return abi.ENOENT
	}
	return abi.OK
}
