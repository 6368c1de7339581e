package maps

import "github.com/bpfsim/bpfsim/abi"

// devMap is DEVMAP (devmap.c): for each index a network device, named by its number, and in values of 8 bytes a program.
type devMap struct {
	references
	removals uint64 // updates without a device
}

func newDevMap(spec Spec) *devMap {
	spec.Flags |= abi.FlagReadOnlyProg // programs redirect through it alone
	return &devMap{references: newReferences(spec)}
}

const deviceBytes = 64 // struct bpf_dtab_netdev

// Memlock is what fdinfo of 6.18 shows: an update without a device counts as one that puts a device in.
func (m *devMap) Memlock() uint64 {
	live := m.live()
	m.lock.Lock(bystander)
	defer m.lock.Unlock()
	return devMapBytes(m.spec) + deviceBytes*(live+m.removals)
}

func devMapBytes(spec Spec) uint64 { return 344 + 8*uint64(spec.MaxEntries) }

// Lookup copies the number of a device and the id of its program.
func (m *devMap) Lookup(t *Task, key, value []byte) abi.Errno { return m.show(t, key, value) }

// Refer puts a device in, or takes it out when the number is 0. All indices exist, so NoExist always fails.
func (m *devMap) Refer(t *Task, key, value []byte, flags uint64, find Finder) abi.Errno {
	i, ok := m.index(key)
	switch {
	case flags > abi.Exist:
		return abi.EINVAL
	case !ok:
		return abi.E2BIG
	case flags == abi.NoExist:
		return abi.EEXIST
	case idIn(value) == 0:
		return m.remove(t, i, value)
	}
	device, errno := find(value)
	if errno != abi.OK {
		return errno
	}
	m.lock.Lock(t)
	defer m.lock.Unlock()
	m.put(i, device)
	return abi.OK
}

// remove is an update with no device, which then can have no program either.
func (m *devMap) remove(t *Task, i uint32, value []byte) abi.Errno {
	if namesProgram(value) {
		return abi.EINVAL
	}
	m.lock.Lock(t)
	defer m.lock.Unlock()
	m.put(i, nil)
	m.removals++
	return abi.OK
}

// Delete takes a device out, whether or not there is one.
func (m *devMap) Delete(t *Task, key []byte) abi.Errno {
	i, ok := m.index(key)
	if !ok {
		return abi.EINVAL
	}
	m.clear(t, i)
	return abi.OK
}
