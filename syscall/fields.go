package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
)

// The fields of a value that the kernel keeps for itself (copy_map_value and check_and_init_map_value in linux/bpf.h): what
// user space writes there is dropped, and what it reads is what a new value has.

// initFields makes them so in a value of m, of all CPUs where there is one of each. What is between the parts of CPUs is
// whatever memory held on Linux, and zero here.
func (m *Map) initFields(value []byte) {
	if m.types.record == nil {
		return
	}
	size, part := int(m.Spec().ValueSize), len(value)
	if size != part {
		part = (size + 7) &^ 7
	}
	for ; len(value) > 0; value = value[part:] {
		m.types.record.Init(value[:size])
		clear(value[size:part])
	}
}

// initAll is initFields of n values behind each other.
func (m *Map) initAll(values []byte, n int) {
	if m.types.record == nil {
		return
	}
	for i := range n {
		m.initFields(values[i*m.valueSize:][:m.valueSize])
	}
}

// userValue reads a value to be written to m, without the kernel's fields.
func (c *call) userValue(m *Map, addr uint64) ([]byte, abi.Errno) {
	if m.types.record == nil {
		return c.view(valueBuffer, addr, m.valueSize)
	}
	value, errno := c.copied(valueBuffer, addr, m.valueSize)
	if errno == abi.OK {
		m.initFields(value)
	}
	return value, errno
}

// spinLocks are the locks of a map's values, each of many keys. Where Linux lets two locked copies of different values run
// at once, one may wait for the other here.
type spinLocks [16]maps.Lock

// of is the lock of a key's value, by the FNV-1a hash of the key.
func (l *spinLocks) of(key []byte) *maps.Lock {
	hash := uint32(2166136261)
	for _, b := range key {
		hash = (hash ^ uint32(b)) * 16777619
	}
	return &l[hash%uint32(len(l))]
}

// lockable reports whether BPF_F_LOCK, if flags have it, finds a bpf_spin_lock in the values of m.
func (m *Map) lockable(flags uint64) bool {
	return flags&abi.Lock == 0 || m.types.record.Has(btf.SpinLock)
}

// read copies a key's value, under its lock if flags say so.
func (m *Map) read(t *maps.Task, key, value []byte, flags uint64) abi.Errno {
	if flags&abi.Lock == 0 {
		return m.get(t, key, value)
	}
	lock := m.types.locks.of(key)
	lock.Lock(t)
	defer lock.Unlock()
	return m.get(t, key, value)
}

// writeLocked sets a key's value under its lock, in place where the key is there.
func (m *Map) writeLocked(t *maps.Task, key, value []byte, flags uint64) abi.Errno {
	lock := m.types.locks.of(key)
	lock.Lock(t)
	defer lock.Unlock()
	return m.inPlace.UpdateInPlace(t, key, value, flags)
}
