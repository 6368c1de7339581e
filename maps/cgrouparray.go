package maps

import "github.com/bpfsim/bpfsim/abi"

// cgroupArray is CGROUP_ARRAY (arraymap.c): max entries slots for cgroups, which user space cannot read back.
type cgroupArray struct{ references }

func newCgroupArray(spec Spec) *cgroupArray { return &cgroupArray{newReferences(spec)} }

// Memlock is what fdinfo of 6.18 shows.
func (a *cgroupArray) Memlock() uint64 { return arrayBytes(a.spec) }

// Refer takes no flags at all, and looks at them before the index.
func (a *cgroupArray) Refer(t *Task, key, value []byte, flags uint64, find Finder) abi.Errno {
	i, ok := a.index(key)
	switch {
	case flags != abi.Any:
		return abi.EINVAL
	case !ok:
		return abi.E2BIG
	}
	cgroup, errno := find(value)
	if errno != abi.OK {
		return errno
	}
	a.lock.Lock(t)
	defer a.lock.Unlock()
	a.put(i, cgroup)
	return abi.OK
}

// Delete empties a slot.
func (a *cgroupArray) Delete(t *Task, key []byte) abi.Errno {
	i, ok := a.index(key)
	switch {
	case !ok:
		return abi.E2BIG
	case !a.clear(t, i):
		return abi.ENOENT
	}
	return abi.OK
}
