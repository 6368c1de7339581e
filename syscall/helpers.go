package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Helpers act as a BPF program on Task's CPU does (bpf-helpers(7)): on the map itself, past fds, access modes and freezing,
// with keys and values in the program's own stack. A helper that the map's type lacks answers ENOTSUPP; the kernel's
// verifier would not load such a program.
type Helpers struct {
	Task *maps.Task
	// Begun is called as each helper begins; nil for nothing.
	Begun func()
}

func (h Helpers) begin() {
	if h.Begun != nil {
		h.Begun()
	}
}

// Lookup finds the live value of a key (bpf_map_lookup_elem), which counts as a use in an LRU map; of a per-CPU type's, the
// part of the task's CPU. Its words are read and written in place, a step each, even when the element is deleted meanwhile or
// has become another key's.
func (h Helpers) Lookup(m maps.Map, key []byte) (value maps.Live, found bool) {
	h.begin()
	live, ok := m.(maps.LiveLookuper)
	if !ok {
		return nil, false
	}
	return live.LookupLive(h.Task, key)
}

// LookupPerCPU finds a CPU's part of a key's value (bpf_map_lookup_percpu_elem), not found for CPUs that are not possible.
func (h Helpers) LookupPerCPU(m maps.Map, key []byte, cpu int) (part maps.Live, found bool) {
	h.begin()
	live, ok := m.(maps.PartLookuper)
	if !ok {
		return nil, false
	}
	return live.LookupPart(h.Task, key, cpu)
}

// Update sets a value (bpf_map_update_elem); of a per-CPU type's, the part of the task's CPU, which value is.
func (h Helpers) Update(m maps.Map, key, value []byte, flags uint64) abi.Errno {
	if _, perCPU := m.(maps.PartUpdater); perCPU {
		return helper(h, m, func(m maps.PartUpdater) abi.Errno { return m.UpdatePart(h.Task, key, value, flags) })
	}
	return helper(h, m, func(m maps.Updater) abi.Errno { return m.Update(h.Task, key, value, flags) })
}

// Delete removes a key (bpf_map_delete_elem); the array types answer EINVAL.
func (h Helpers) Delete(m maps.Map, key []byte) abi.Errno {
	if t := m.Spec().Type; t == abi.Array || t == abi.PerCPUArray {
		return abi.EINVAL
	}
	return helper(h, m, func(m maps.Deleter) abi.Errno { return m.Delete(h.Task, key) })
}

// LookupInner finds the map that a map of maps has for a key (bpf_map_lookup_elem), which stays what it is when the key is
// deleted meanwhile.
func (h Helpers) LookupInner(m maps.Map, key []byte) (inner maps.Map, found bool) {
	h.begin()
	outer, ok := m.(maps.Outer)
	if !ok {
		return nil, false
	}
	return outer.LookupInner(h.Task, key)
}

// pusher is a queue, a stack or a Bloom filter.
type pusher interface {
	Push(t *maps.Task, value []byte, flags uint64) abi.Errno
}

// Push adds a value (bpf_map_push_elem).
func (h Helpers) Push(m maps.Map, value []byte, flags uint64) abi.Errno {
	return helper(h, m, func(m pusher) abi.Errno { return m.Push(h.Task, value, flags) })
}

// Pop removes the next value (bpf_map_pop_elem).
func (h Helpers) Pop(m maps.Map, value []byte) abi.Errno {
	return helper(h, m, func(m maps.Sequence) abi.Errno { return m.Pop(h.Task, value) })
}

// Peek copies the next value, or asks a Bloom filter for value (bpf_map_peek_elem).
func (h Helpers) Peek(m maps.Map, value []byte) abi.Errno {
	if filter, ok := m.(maps.Filter); ok {
		h.begin()
		return filter.Test(h.Task, value)
	}
	return helper(h, m, func(m maps.Sequence) abi.Errno { return m.Peek(h.Task, value) })
}

// helper runs call on m, and begins a span with it, if m has what it needs.
func helper[T any](h Helpers, m maps.Map, call func(T) abi.Errno) abi.Errno {
	h.begin()
	capable, ok := m.(T)
	if _, outer := m.(maps.Outer); !ok || outer { // only user space changes a map of maps
		return abi.ENOTSUPP
	}
	return call(capable)
}
