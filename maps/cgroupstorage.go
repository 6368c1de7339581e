package maps

import "github.com/bpfsim/bpfsim/abi"

// cgroupStorage is CGROUP_STORAGE and PERCPU_CGROUP_STORAGE (local_storage.c). Its elements come with a program that is
// attached to a cgroup and uses the map, and go with it. Programs have no such effect here, and so there are none.
type cgroupStorage struct {
	oneByOne
	spec Spec
}

func newCgroupStorage(spec Spec) *cgroupStorage { return &cgroupStorage{spec: spec} }

func (s *cgroupStorage) Spec() Spec      { return s.spec }
func (s *cgroupStorage) ValueBytes() int { return valueBytes(s.spec) }

// Memlock is what fdinfo of 6.18 shows.
func (s *cgroupStorage) Memlock() uint64 { return cgroupStorageBytes(s.spec) }

func cgroupStorageBytes(Spec) uint64 { return 328 }

// Lookup finds nothing.
func (s *cgroupStorage) Lookup(*Task, []byte, []byte) abi.Errno { return abi.ENOENT }

// Update makes no element: user space can only change one.
func (s *cgroupStorage) Update(_ *Task, _, _ []byte, flags uint64) abi.Errno {
	if flags != abi.Any && flags != abi.Exist {
		return abi.EINVAL
	}
	return abi.ENOENT
}

// UpdateInPlace is Update.
func (s *cgroupStorage) UpdateInPlace(t *Task, key, value []byte, flags uint64) abi.Errno {
	return s.Update(t, key, value, flags)
}

// Delete is no operation of user space.
func (s *cgroupStorage) Delete(*Task, []byte) abi.Errno { return abi.EINVAL }

// NextKey finds nothing.
func (s *cgroupStorage) NextKey(*Task, []byte, []byte) abi.Errno { return abi.ENOENT }
