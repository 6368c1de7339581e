package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// The maps in maps: user space names a map by an fd when it puts it in, and reads its id (map_in_map.c).

// newInner is what an outer map knows of its inner ones, by the map that inner_map_fd names, whose BTF it holds.
func (c *call) newInner(fd int32) (inner *maps.Inner, types mapTypes, errno abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil, types, errno
	}
	defer c.leave(file)
	switch m := file.m; {
	case m == nil, m.outer != nil:
		return nil, types, abi.EINVAL
	case m.exclusive != nil, neverInner(m.Spec().Type):
		return nil, types, abi.ENOTSUPP
	default:
		if m.types.btf != nil {
			m.types.btf.Hold()
		}
		return &maps.Inner{Shape: m.Spec(), Maps: &c.kernel.objects}, m.types, abi.OK
	}
}

// neverInner tells the types whose maps cannot be in others (those without a map_meta_equal).
func neverInner(t abi.MapType) bool {
	switch t {
	case abi.ProgArray, abi.CgroupStorage, abi.PerCPUCgroupStorage, abi.StructOps:
		return true
	}
	return false
}

// setInner puts the map whose fd is the value into m.
func (c *call) setInner(m *Map, key, value []byte, flags uint64) abi.Errno {
	if !m.tryHold() { // closed meanwhile: what is put in now would never be given back
		return abi.EBADF
	}
	defer m.Release()
	if errno := m.outer.Admit(key, flags); errno != abi.OK {
		return errno
	}
	file, errno := c.file(int32(binary.NativeEndian.Uint32(value)), abi.EBADF)
	if errno != abi.OK {
		return errno
	}
	defer c.leave(file)
	inner := file.m
	switch {
	case inner == nil:
		return abi.EINVAL
	case inner.exclusive != nil:
		return abi.ENOTSUPP
	case !m.Spec().Inner.Takes(inner.Spec()), !m.inner.record.Equal(inner.types.record):
		return abi.EINVAL
	case !inner.tryHold():
		return abi.EBADF
	}
	id := c.kept().one(wordBuffer, 4)
	binary.NativeEndian.PutUint32(id, inner.id)
	errno = m.outer.Update(c.task, key, id, flags)
	if errno != abi.OK {
		inner.Release()
	}
	return errno
}

// Map is the live map with that id, as a BPF program reaches it.
func (o *objects) Map(id uint32) (maps.Map, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if at, ok := o.find(id); ok {
		return o.live[at].maps, true
	}
	return nil, false
}

// Release drops a reference to the map with that id, which is live for that reason.
func (o *objects) Release(id uint32) {
	o.mu.RLock()
	at, _ := o.find(id)
	m := o.live[at]
	o.mu.RUnlock()
	m.Release()
}
