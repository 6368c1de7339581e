package maps

import (
	"bytes"

	"github.com/bpfsim/bpfsim/abi"
)

// Owner is what a value of a storage map belongs to: a socket, an inode, a task, a cgroup.
type Owner struct {
	// ID tells it from all others of its kind.
	ID [3]uint64
	// Gone reports that it does not exist any more, and so its values do not either; nil means never.
	Gone func() bool
}

// Storage is a map of values that belong to something, whose key is an fd that names the owner. It cannot be walked.
type Storage interface {
	Map
	LookupOf(t *Task, owner Owner, value []byte) abi.Errno
	UpdateOf(t *Task, owner Owner, value []byte, flags uint64) abi.Errno
	DeleteOf(t *Task, owner Owner) abi.Errno
}

// storage is SK_STORAGE, INODE_STORAGE, TASK_STORAGE and CGRP_STORAGE (bpf_local_storage.c).
type storage struct {
	spec   Spec
	lock   Lock
	values map[[3]uint64]owned
	full   int // number of values at which those that belong to nothing are looked for
}

type owned struct {
	owner Owner
	value []byte
}

const fewValues = 64

func newStorage(spec Spec) *storage {
	return &storage{spec: spec, values: map[[3]uint64]owned{}, full: fewValues}
}

func (s *storage) Spec() Spec      { return s.spec }
func (s *storage) ValueBytes() int { return int(s.spec.ValueSize) }

// Memlock is what fdinfo of 6.18 shows: the buckets, of which there are as many as CPUs, and no values.
func (s *storage) Memlock() uint64 { return storageBytes(s.spec) }

func storageBytes(spec Spec) uint64 { return 448 + 16*max(2, roundBuckets(uint32(spec.CPUs))) }

// LookupOf copies an owner's value.
func (s *storage) LookupOf(t *Task, owner Owner, value []byte) abi.Errno {
	s.lock.Lock(t)
	defer s.lock.Unlock()
	v, there := s.values[owner.ID]
	if !there {
		return abi.ENOENT
	}
	put(value, v.value)
	return abi.OK
}

// UpdateOf sets an owner's value. What abi.Lock is for is the caller's business.
func (s *storage) UpdateOf(t *Task, owner Owner, value []byte, flags uint64) abi.Errno {
	if flags > abi.Exist {
		return abi.EINVAL
	}
	s.lock.Lock(t)
	defer s.lock.Unlock()
	_, there := s.values[owner.ID]
	if errno := occupied(there, flags); errno != abi.OK {
		return errno
	}
	if !there {
		s.prune()
	}
	s.values[owner.ID] = owned{owner, bytes.Clone(value)}
	return abi.OK
}

// prune forgets values that belong to nothing, each time that there are twice as many as were left.
func (s *storage) prune() {
	if len(s.values) < s.full {
		return
	}
	for id, v := range s.values {
		if v.owner.Gone != nil && v.owner.Gone() {
			delete(s.values, id)
		}
	}
	s.full = max(fewValues, 2*len(s.values))
}

// DeleteOf removes an owner's value.
func (s *storage) DeleteOf(t *Task, owner Owner) abi.Errno {
	s.lock.Lock(t)
	defer s.lock.Unlock()
	if _, there := s.values[owner.ID]; !there {
		return abi.ENOENT
	}
	delete(s.values, owner.ID)
	return abi.OK
}
