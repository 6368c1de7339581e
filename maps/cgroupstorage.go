package maps

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// StorageKey is the key of a value that belongs to a cgroup (struct bpf_cgroup_storage_key).
type StorageKey struct {
	Cgroup uint64 // id
	At     abi.AttachType
}

// Attached is a map whose elements come with programs that are attached to cgroups, and go with the cgroups.
type Attached interface {
	// Admit makes an element of zeros unless there is one. gone tells whether its cgroup does not exist any more; nil means never.
	Admit(t *Task, key StorageKey, gone func() bool)
}

// cgroupStorage is CGROUP_STORAGE and PERCPU_CGROUP_STORAGE (local_storage.c).
type cgroupStorage struct {
	oneByOne
	spec     Spec
	lock     Lock
	elements []*cgroupElement // the newest first, as a walk shows them
}

type cgroupElement struct {
	key   StorageKey
	value []byte
	gone  func() bool
}

func newCgroupStorage(spec Spec) *cgroupStorage { return &cgroupStorage{spec: spec} }

func (s *cgroupStorage) Spec() Spec      { return s.spec }
func (s *cgroupStorage) ValueBytes() int { return valueBytes(s.spec) }

// Memlock is what fdinfo of 6.18 shows: elements are not counted.
func (s *cgroupStorage) Memlock() uint64 { return cgroupStorageBytes(s.spec) }

func cgroupStorageBytes(Spec) uint64 { return 328 }

// perCgroup tells whether the programs at all attach types of a cgroup share a value: the key is the cgroup's id alone.
func (s *cgroupStorage) perCgroup() bool { return s.spec.KeySize == 8 }

// Admit makes an element.
func (s *cgroupStorage) Admit(t *Task, key StorageKey, gone func() bool) {
	s.lock.Lock(t)
	defer s.lock.Unlock()
	if s.find(key) < 0 {
		s.elements = slices.Insert(s.elements, 0, &cgroupElement{key, make([]byte, s.ValueBytes()), gone})
	}
}

// find is the place of a key's element, -1 when there is none.
func (s *cgroupStorage) find(key StorageKey) int {
	i := slices.IndexFunc(s.elements, func(e *cgroupElement) bool {
		return e.key.Cgroup == key.Cgroup && (s.perCgroup() || e.key.At == key.At)
	})
	if i >= 0 && !s.live(i) {
		return -1
	}
	return i
}

// live removes an element whose cgroup is gone.
func (s *cgroupStorage) live(i int) bool {
	if gone := s.elements[i].gone; gone == nil || !gone() {
		return true
	}
	s.elements = slices.Delete(s.elements, i, i+1)
	return false
}

// decode reads a key; what lies behind the attach type is not looked at.
func (s *cgroupStorage) decode(key []byte) (k StorageKey) {
	k.Cgroup = binary.NativeEndian.Uint64(key)
	if !s.perCgroup() {
		k.At = abi.AttachType(binary.NativeEndian.Uint32(key[8:]))
	}
	return k
}

// Lookup copies a value.
func (s *cgroupStorage) Lookup(t *Task, key, value []byte) abi.Errno {
	s.lock.Lock(t)
	defer s.lock.Unlock()
	i := s.find(s.decode(key))
	if i < 0 {
		return abi.ENOENT
	}
	put(value, s.elements[i].value)
	return abi.OK
}

// Update makes no element: user space can only change one.
func (s *cgroupStorage) Update(t *Task, key, value []byte, flags uint64) abi.Errno {
	if flags != abi.Any && flags != abi.Exist {
		return abi.EINVAL
	}
	s.lock.Lock(t)
	defer s.lock.Unlock()
	i := s.find(s.decode(key))
	if i < 0 {
		return abi.ENOENT
	}
	put(s.elements[i].value, value)
	return abi.OK
}

// UpdateInPlace is Update.
func (s *cgroupStorage) UpdateInPlace(t *Task, key, value []byte, flags uint64) abi.Errno {
	return s.Update(t, key, value, flags)
}

// Delete is no operation of user space.
func (s *cgroupStorage) Delete(*Task, []byte) abi.Errno { return abi.EINVAL }

// NextKey walks from the newest element to the oldest; behind a key that is not there is nothing.
func (s *cgroupStorage) NextKey(t *Task, key, next []byte) abi.Errno {
	s.lock.Lock(t)
	defer s.lock.Unlock()
	i := 0
	if key != nil {
		if i = s.find(s.decode(key)) + 1; i == 0 {
			return abi.ENOENT
		}
	}
	for i < len(s.elements) && !s.live(i) {
	}
	if i == len(s.elements) {
		return abi.ENOENT
	}
	clear(next)
	binary.NativeEndian.PutUint64(next, s.elements[i].key.Cgroup)
	if !s.perCgroup() {
		binary.NativeEndian.PutUint32(next[8:], uint32(s.elements[i].key.At))
	}
	return abi.OK
}
