package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
)

// The order of checks here is that of map_lookup_elem, map_update_elem, map_delete_elem and map_get_next_key in
// kernel/bpf/syscall.c: attr, flags of reads, fd, permission, lock flag, key, value, and then the map's own answer.

func (c *call) mapLookupElem() (int32, abi.Errno) {
	var args MapLookupElem
	args.Decode(c.attr)
	if args.Flags&^abi.Lock != 0 {
		return 0, abi.EINVAL
	}
	file, errno := c.use(args.FD, reading)
	if errno != abi.OK {
		return 0, errno
	}
	errno = c.lookup(file.m, args)
	c.done(file, reading)
	return 0, errno
}

func (c *call) lookup(m *Map, args MapLookupElem) abi.Errno {
	key, errno := c.lockAndKey(m, args.Flags, args.Key)
	if errno != abi.OK {
		return errno
	}
	switch {
	case m.filter != nil:
		return c.test(m, args.Value)
	case m.storage != nil:
		return c.lookupOwned(m, key, args.Value)
	}
	value, inPlace := c.place(valueBuffer, args.Value, m.valueSize)
	if errno := m.read(c.task, key, value, args.Flags); errno != abi.OK || inPlace {
		return errno
	}
	return c.copyOut(args.Value, value)
}

// test asks a Bloom filter: the value is read, not written.
func (c *call) test(m *Map, addr uint64) abi.Errno {
	value, errno := c.view(valueBuffer, addr, m.valueSize)
	if errno != abi.OK {
		return errno
	}
	return m.filter.Test(c.task, value)
}

func (c *call) mapUpdateElem() (int32, abi.Errno) {
	var args MapUpdateElem
	args.Decode(c.attr)
	file, errno := c.use(args.FD, writing)
	if errno != abi.OK {
		return 0, errno
	}
	errno = c.update(file.m, args)
	c.done(file, writing)
	return 0, errno
}

func (c *call) update(m *Map, args MapUpdateElem) abi.Errno {
	key, errno := c.lockAndKey(m, args.Flags, args.Key)
	if errno != abi.OK {
		return errno
	}
	value, errno := c.userValue(m, args.Value)
	if errno != abi.OK {
		return errno
	}
	return c.set(m, key, value, args.Flags)
}

func (c *call) mapDeleteElem() (int32, abi.Errno) {
	var args MapDeleteElem
	args.Decode(c.attr)
	file, errno := c.use(args.FD, writing)
	if errno != abi.OK {
		return 0, errno
	}
	errno = c.remove(file.m, args)
	c.done(file, writing)
	return 0, errno
}

func (c *call) remove(m *Map, args MapDeleteElem) abi.Errno {
	key, errno := c.userKey(m, args.Key)
	if errno != abi.OK {
		return errno
	}
	switch {
	case m.storage != nil:
		return c.removeOwned(m, key)
	case m.structOps != nil:
		return m.removeOps(c.task, key)
	}
	return m.remove(c.task, key)
}

func (c *call) mapGetNextKey() (int32, abi.Errno) {
	var args MapGetNextKey
	args.Decode(c.attr)
	file, errno := c.use(args.FD, reading)
	if errno != abi.OK {
		return 0, errno
	}
	errno = c.nextKey(file.m, args)
	c.done(file, reading)
	return 0, errno
}

func (c *call) nextKey(m *Map, args MapGetNextKey) abi.Errno {
	var key []byte
	if args.Key != 0 {
		var errno abi.Errno
		if key, errno = c.userKey(m, args.Key); errno != abi.OK {
			return errno
		}
	}
	next, inPlace := c.place(nextBuffer, args.NextKey, m.keySize)
	if errno := m.nextKey(c.task, key, next); errno != abi.OK || inPlace {
		return errno
	}
	return c.copyOut(args.NextKey, next)
}

func (c *call) mapLookupAndDeleteElem() (int32, abi.Errno) {
	var args MapLookupAndDeleteElem
	args.Decode(c.attr)
	if args.Flags&^abi.Lock != 0 {
		return 0, abi.EINVAL
	}
	file, errno := c.use(args.FD, reading|writing)
	if errno != abi.OK {
		return 0, errno
	}
	errno = c.take(file.m, args)
	c.done(file, reading|writing)
	return 0, errno
}

// take copies the value out after the element has left the map: a bad address loses it, as on Linux.
func (c *call) take(m *Map, args MapLookupAndDeleteElem) abi.Errno {
	key, errno := c.lockAndKey(m, args.Flags, args.Key)
	if errno != abi.OK {
		return errno
	}
	value, inPlace := c.place(valueBuffer, args.Value, m.valueSize)
	if errno := m.take(c.task, key, value); errno != abi.OK || inPlace {
		return errno
	}
	return c.copyOut(args.Value, value)
}

func (c *call) mapFreeze() (int32, abi.Errno) {
	var args MapFreeze
	args.Decode(c.attr)
	file, errno := c.use(args.FD, 0)
	if errno != abi.OK {
		return 0, errno
	}
	defer c.leave(file)
	switch {
	case !c.kernel.freezes(file.m.types.record), file.m.structOps != nil:
		return 0, abi.ENOTSUPP
	case c.kernel.profile.FreezesByCap:
		return 0, c.freezeByCap(file.m)
	case !file.canWrite():
		return 0, abi.EPERM
	}
	return 0, file.m.freeze()
}

// freezes reports whether maps are frozen whose values have the fields of r.
func (k *Kernel) freezes(r *btf.Record) bool {
	return r == nil || k.profile.FreezesLocked && r.Kinds == btf.SpinLock
}

// freezeByCap is the freezing of kernels that look at the caller and not at the fd (map_freeze in 6.1).
func (c *call) freezeByCap(m *Map) abi.Errno {
	switch {
	case !m.writers.none() || m.Frozen():
		return abi.EBUSY
	case !c.proc.Caps.BPF:
		return abi.EPERM
	}
	return m.freeze()
}

// lockAndKey refuses BPF_F_LOCK where values have no spin lock, and then reads the key.
func (c *call) lockAndKey(m *Map, flags, addr uint64) ([]byte, abi.Errno) {
	if !m.lockable(flags) {
		return nil, abi.EINVAL
	}
	return c.userKey(m, addr)
}

// userKey reads a key; a map without keys insists on no address at all (__bpf_copy_key).
func (c *call) userKey(m *Map, addr uint64) ([]byte, abi.Errno) {
	size := m.keySize
	if size == 0 {
		if addr != 0 {
			return nil, abi.EINVAL
		}
		return nil, abi.OK
	}
	return c.view(keyBuffer, addr, size)
}

// The methods below answer for what a map's type cannot do, so that no command needs to know types.

func (m *Map) get(t *maps.Task, key, value []byte) abi.Errno {
	if m.sequence != nil {
		return m.sequence.Peek(t, value)
	}
	switch {
	case m.structOps != nil:
		return m.lookupOps(t, key, value)
	case m.lookuper == nil:
		return abi.ENOTSUPP
	}
	errno := m.lookuper.Lookup(t, key, value)
	if errno == abi.OK {
		m.initFields(value)
	}
	return errno
}

func (c *call) set(m *Map, key, value []byte, flags uint64) abi.Errno {
	switch {
	case m.sequence != nil:
		return m.sequence.Push(c.task, value, flags)
	case m.filter != nil:
		return m.filter.Push(c.task, value, flags)
	case m.outer != nil:
		return c.setInner(m, key, value, flags)
	case m.referring != nil:
		return c.refer(m, key, value, flags)
	case m.storage != nil:
		return c.setOwned(m, key, value, flags)
	case m.structOps != nil:
		return c.setOps(m, key, value, flags)
	case m.holder != nil:
		return c.setFD(m, key, value, flags)
	case m.updater == nil:
		return abi.ENOTSUPP
	}
	if flags&abi.Lock != 0 {
		return m.writeLocked(c.task, key, value, flags&^abi.Lock)
	}
	return m.updater.Update(c.task, key, value, flags)
}

func (m *Map) remove(t *maps.Task, key []byte) abi.Errno {
	if m.deleter == nil {
		return m.noKeys()
	}
	return m.deleter.Delete(t, key)
}

// noKeys is how a type without keys that can go, or be walked, refuses.
func (m *Map) noKeys() abi.Errno {
	switch {
	case m.filter != nil:
		return abi.EOPNOTSUPP
	case m.waited != nil, m.storage != nil:
		return abi.ENOTSUPP
	}
	return abi.EINVAL
}

func (m *Map) nextKey(t *maps.Task, key, next []byte) abi.Errno {
	if m.walker == nil {
		return m.noKeys()
	}
	return m.walker.NextKey(t, key, next)
}

func (m *Map) take(t *maps.Task, key, value []byte) abi.Errno {
	switch {
	case m.lookupDeleter != nil:
		errno := m.lookupDeleter.LookupAndDelete(t, key, value)
		if errno == abi.OK {
			m.initFields(value)
		}
		return errno
	case m.sequence != nil:
		return m.sequence.Pop(t, value)
	}
	return abi.ENOTSUPP
}
