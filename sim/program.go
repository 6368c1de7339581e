package sim

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Program acts as a BPF program does (bpf-helpers(7)): on the map itself, past fds, access modes and freezing, with
// keys and values in its own stack. A helper that the map's type lacks answers ENOTSUPP; the kernel's verifier would
// not load such a program.
type Program struct{ task *Task }

// Program is the task as a BPF program on its CPU.
func (t *Task) Program() Program { return Program{t} }

// Map is the map behind an fd of the machine's process, nil when there is none; a program is loaded with it.
func (m *Machine) Map(fd int32) maps.Map {
	file, _ := m.User().Process.Files.Get(fd)
	if file == nil || file.Map() == nil {
		return nil
	}
	return file.Map().Elements()
}

// Lookup finds the live value of a key (bpf_map_lookup_elem), which counts as a use in an LRU map; of a per-CPU type's, the
// part of the task's CPU. Its words are read
// and written in place, a step each, even when the element is deleted meanwhile or has become another key's.
func (p Program) Lookup(m maps.Map, key []byte) (value maps.Live, found bool) {
	p.task.Mark()
	live, ok := m.(maps.LiveLookuper)
	if !ok {
		return nil, false
	}
	return live.LookupLive(&p.task.Kernel, key)
}

// LookupPerCPU finds a CPU's part of a key's value (bpf_map_lookup_percpu_elem), not found for CPUs that are not possible.
func (p Program) LookupPerCPU(m maps.Map, key []byte, cpu int) (part maps.Live, found bool) {
	p.task.Mark()
	live, ok := m.(maps.PartLookuper)
	if !ok {
		return nil, false
	}
	return live.LookupPart(&p.task.Kernel, key, cpu)
}

// Update sets a value (bpf_map_update_elem); of a per-CPU type's, the part of the task's CPU, which value is.
func (p Program) Update(m maps.Map, key, value []byte, flags uint64) abi.Errno {
	if _, perCPU := m.(maps.PartUpdater); perCPU {
		return helper(p, m, func(m maps.PartUpdater) abi.Errno { return m.UpdatePart(&p.task.Kernel, key, value, flags) })
	}
	return helper(p, m, func(m maps.Updater) abi.Errno { return m.Update(&p.task.Kernel, key, value, flags) })
}

// Delete removes a key (bpf_map_delete_elem); the array types answer EINVAL.
func (p Program) Delete(m maps.Map, key []byte) abi.Errno {
	if t := m.Spec().Type; t == abi.Array || t == abi.PerCPUArray {
		return abi.EINVAL
	}
	return helper(p, m, func(m maps.Deleter) abi.Errno { return m.Delete(&p.task.Kernel, key) })
}

// LookupInner finds the map that a map of maps has for a key (bpf_map_lookup_elem), which stays what it is when the key is
// deleted meanwhile.
func (p Program) LookupInner(m maps.Map, key []byte) (inner maps.Map, found bool) {
	p.task.Mark()
	outer, ok := m.(maps.Outer)
	if !ok {
		return nil, false
	}
	return outer.LookupInner(&p.task.Kernel, key)
}

// pusher is a queue, a stack or a Bloom filter.
type pusher interface {
	Push(t *maps.Task, value []byte, flags uint64) abi.Errno
}

// Push adds a value (bpf_map_push_elem).
func (p Program) Push(m maps.Map, value []byte, flags uint64) abi.Errno {
	return helper(p, m, func(m pusher) abi.Errno { return m.Push(&p.task.Kernel, value, flags) })
}

// Pop removes the next value (bpf_map_pop_elem).
func (p Program) Pop(m maps.Map, value []byte) abi.Errno {
	return helper(p, m, func(m maps.Sequence) abi.Errno { return m.Pop(&p.task.Kernel, value) })
}

// Peek copies the next value, or asks a Bloom filter for value (bpf_map_peek_elem).
func (p Program) Peek(m maps.Map, value []byte) abi.Errno {
	if filter, ok := m.(maps.Filter); ok {
		p.task.Mark()
		return filter.Test(&p.task.Kernel, value)
	}
	return helper(p, m, func(m maps.Sequence) abi.Errno { return m.Peek(&p.task.Kernel, value) })
}

// helper runs call on m, and begins a span with it, if m has what it needs.
func helper[T any](p Program, m maps.Map, call func(T) abi.Errno) abi.Errno {
	p.task.Mark()
	capable, ok := m.(T)
	if _, outer := m.(maps.Outer); !ok || outer { // only user space changes a map of maps
		return abi.ENOTSUPP
	}
	return call(capable)
}
