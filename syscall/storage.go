package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// The storage maps (bpf_local_storage.c): user space names the owner of a value by an fd. A copy of a value is atomic with and
// without BPF_F_LOCK.

// owner is what the fd that is a storage map's key names.
func (c *call) owner(m *Map, key []byte) (owner maps.Owner, errno abi.Errno) {
	fd, world := int32(binary.NativeEndian.Uint32(key)), c.proc.host()
	switch m.Spec().Type {
	case abi.InodeStorage:
		return world.Inode(fd)
	case abi.TaskStorage:
		return world.Task(fd)
	case abi.CgrpStorage:
		owner.ID[0], errno = world.Cgroup(fd)
		return owner, errno
	}
	s, errno := world.Socket(fd)
	return maps.Owner{ID: [3]uint64{s.Cookie}, Gone: s.Closed}, errno
}

func (c *call) lookupOwned(m *Map, key []byte, addr uint64) abi.Errno {
	owner, errno := c.owner(m, key)
	if errno != abi.OK {
		return errno
	}
	value := c.kept().one(valueBuffer, m.valueSize)
	if errno := m.storage.LookupOf(c.task, owner, value); errno != abi.OK {
		return errno
	}
	m.initFields(value)
	return c.copyOut(addr, value)
}

func (c *call) setOwned(m *Map, key, value []byte, flags uint64) abi.Errno {
	owner, errno := c.owner(m, key)
	if errno != abi.OK {
		return errno
	}
	if m.Spec().Type == abi.CgrpStorage {
		owner.Gone = c.proc.host().CgroupGone(int32(binary.NativeEndian.Uint32(key)))
	}
	return m.storage.UpdateOf(c.task, owner, value, flags&^abi.Lock)
}

func (c *call) removeOwned(m *Map, key []byte) abi.Errno {
	owner, errno := c.owner(m, key)
	if errno != abi.OK {
		return errno
	}
	return m.storage.DeleteOf(c.task, owner)
}
