package model

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
)

// storage is a map of values that belong to sockets, inodes, tasks or cgroups (kernel/bpf/bpf_local_storage.c). A key is an fd,
// which names the owner.
type storage struct {
	kind   abi.MapType
	values map[owning][]byte
}

// owning is what a value belongs to. What is no socket there is one of only.
type owning struct {
	what   string
	socket int
}

func newStorage(s spec, _ int) table { return &storage{s.kind, map[owning][]byte{}} }

func (t *storage) clone() table { return &storage{t.kind, maps.Clone(t.values)} }

// The state knows what fds are of: found, belong and removed do these.

func (t *storage) lookup([]byte) ([]byte, abi.Errno)            { panic("model: found does it") }
func (t *storage) update(int, []byte, []byte, uint64) abi.Errno { panic("model: belong does it") }
func (t *storage) delete(int, []byte) abi.Errno                 { panic("model: removed does it") }

// next is no operation of user space (measured on 6.18).
func (t *storage) next([]byte, []byte) ([]byte, abi.Errno) { return nil, abi.ENOTSUPP }

// found is the value for a key.
func (x *run) found(o *object, key []byte) ([]byte, abi.Errno) {
	t, ok := o.table.(*storage)
	if !ok {
		return o.table.lookup(key)
	}
	owner, errno := x.owning(t.kind, key)
	if errno != abi.OK {
		return nil, errno
	}
	if value, there := t.values[owner]; there {
		return value, abi.OK
	}
	return nil, abi.ENOENT
}

// belong sets a value. The fd is looked at before flags.
func (x *run) belong(t *storage, key, value []byte, flags uint64) abi.Errno {
	owner, errno := x.owning(t.kind, key)
	if errno != abi.OK {
		return errno
	}
	_, there := t.values[owner]
	switch {
	case flags&^abi.Lock > abi.Exist:
		return abi.EINVAL
	case there && flags&abi.NoExist != 0:
		return abi.EEXIST
	case !there && flags&abi.Exist != 0:
		return abi.ENOENT
	}
	t.values[owner] = value
	return abi.OK
}

// removed removes the element of a key.
func (x *run) removed(o *object, key []byte) abi.Errno {
	edited := x.edit(o)
	t, ok := edited.(*storage)
	if !ok {
		return edited.delete(x.call.CPU, key)
	}
	owner, errno := x.owning(t.kind, key)
	if errno != abi.OK {
		return errno
	}
	if _, there := t.values[owner]; !there {
		return abi.ENOENT
	}
	delete(t.values, owner)
	return abi.OK
}

// owning is what the fd that is a key names (measured on 6.18).
func (x *run) owning(kind abi.MapType, key []byte) (owning, abi.Errno) {
	fd := int32(u32(key))
	f, open := x.state.files.get(fd)
	switch {
	case !open:
		return owning{}, abi.EBADF
	case kind == abi.InodeStorage:
		return f.inode()
	case kind == abi.SKStorage && (f.thing == nil || f.thing.socket == 0):
		return owning{}, abi.ENOTSOCK
	case kind == abi.SKStorage:
	case f.thing == nil || f.thing.owns() != kind:
		return owning{}, abi.EBADF
	case f.thing.what == "task-ended":
		return owning{}, abi.ENOENT
	}
	return owning{f.thing.what, f.thing.socket}, abi.OK
}

// inode is the inode of a file. BPF objects have one in common, as files of which nothing is known have here; that of a file
// which was open before the program began is none of ours.
func (f file) inode() (owning, abi.Errno) {
	switch {
	case f.thing != nil:
		return owning{f.thing.what, f.thing.socket}, abi.OK
	case f.serial != 0:
		return owning{what: "bpf"}, abi.OK
	case f.fd <= standardFDs:
		return owning{}, abi.EBADF
	}
	return owning{what: "foreign"}, abi.OK
}

// standardFDs is the last of the fds that every process has open from the start.
const standardFDs = 2

// owns is the type of the storage maps whose values belong to things like t.
func (t *thing) owns() abi.MapType {
	switch t.what {
	case "cgroup":
		return abi.CgrpStorage
	case "task", "task-ended":
		return abi.TaskStorage
	}
	return abi.SKStorage
}

func (t *storage) holds(socket int) bool {
	for owner := range t.values {
		if owner.socket == socket {
			return true
		}
	}
	return false
}

func (t *storage) drop(socket int) {
	maps.DeleteFunc(t.values, func(owner owning, _ []byte) bool { return owner.socket == socket })
}

// checkStorage is bpf_local_storage_map_alloc_check; the largest value was found by bisection.
func (s *spec) checkStorage(bool) abi.Errno {
	switch {
	case s.flags&^(abi.FlagNoPrealloc|abi.FlagClone) != 0, s.flags&abi.FlagNoPrealloc == 0, s.maxEntries != 0, s.keySize != 4,
		s.valueSize == 0, s.typed.key == 0, s.typed.value == 0:
		return abi.EINVAL
	case s.valueSize > maxStored:
		return abi.E2BIG
	}
	return abi.OK
}

// maxStored is the largest value that belongs to something, in bytes.
const maxStored = 65407
