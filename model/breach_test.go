package model_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// Results of kernels with a bug: each must be refused.
func TestBreaches(t *testing.T) {
	for _, c := range []struct {
		name  string
		prove func(s *session)
	}{
		{"order within a bucket", func(s *session) {
			fd := s.filled()
			s.elem(fd, nil, 0)
			s.illegal(abi.MapGetNextKey, 24, 0, abi.OK, poke{valueAt, u32(4)})
		}},
		{"order of buckets", func(s *session) {
			fd := s.filled()
			s.elem(fd, u32(4), 0)
			s.illegal(abi.MapGetNextKey, 24, 0, abi.OK, poke{valueAt, u32(9)})
		}},
		{"LRU victim", func(s *session) {
			fd := s.create(smallLRU)
			for key := uint32(1); key <= 5; key++ {
				s.update(fd, key, key, abi.Any, abi.OK)
			}
			s.elem(fd, u32(1), 0)
			s.illegal(abi.MapLookupElem, 32, 0, abi.OK, poke{valueAt, u64(1)})
			s.elem(fd, u32(2), 0)
			s.illegal(abi.MapLookupElem, 32, 0, abi.ENOENT)
		}},
		{"LRU of the wrong CPU", func(s *session) {
			fd := s.create(shape{abi.LRUHash, 4, 8, 4, abi.FlagZeroSeed | abi.FlagNoCommonLRU})
			s.update(fd, 1, 1, abi.Any, abi.OK)
			s.cpu = 1
			s.update(fd, 2, 2, abi.Any, abi.OK)
			s.update(fd, 3, 3, abi.Any, abi.OK)
			s.update(fd, 4, 4, abi.Any, abi.OK)
			s.elem(fd, u32(1), 0)
			s.illegal(abi.MapLookupElem, 32, 0, abi.ENOENT)
		}},
		{"a batch's token off by one", func(s *session) {
			s.batch(s.filled(), 0, 2)
			s.illegal(abi.MapLookupBatch, 56, 0, abi.OK, counted(2), token(2),
				keyOf(0, 10), keyOf(1, 4), valueOf(0, 100), valueOf(1, 40))
		}},
		{"a missing EFAULT", func(s *session) {
			fd := s.filled()
			s.elem(fd, u32(4), 0)
			s.put(poke{attrAt + abi.ElemValue, u64(endOfRW - 4)})
			s.illegal(abi.MapLookupElem, 32, 0, abi.OK, poke{endOfRW - 4, u32(40)})
			s.illegal(abi.MapLookupElem, 32, 0, abi.EFAULT) // nothing copied in front of the fault
		}},
		{"a byte too many", func(s *session) {
			fd := s.filled()
			s.elem(fd, u32(4), 0)
			s.illegal(abi.MapLookupElem, 32, 0, abi.OK, poke{valueAt, append(u64(40), 0)})
		}},
		{"a written read-only page", func(s *session) {
			fd := s.filled()
			s.elem(fd, u32(4), 0)
			s.illegal(abi.MapLookupElem, 32, 0, abi.OK, poke{valueAt, u64(40)}, poke{endOfRO, []byte{1}})
		}},
		{"a map above max_entries", func(s *session) {
			fd := s.create(shape{abi.Hash, 4, 8, 1, abi.FlagZeroSeed})
			s.update(fd, 1, 1, abi.Any, abi.OK)
			s.elem(fd, u32(2), 0)
			s.illegal(abi.MapUpdateElem, 32, 0, abi.OK)
		}},
		{"a stale value", func(s *session) {
			fd := s.filled()
			s.update(fd, 4, 41, abi.Any, abi.OK)
			s.elem(fd, u32(4), 0)
			s.illegal(abi.MapLookupElem, 32, 0, abi.OK, poke{valueAt, u64(40)})
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.prove(newSession(t, root)) })
	}
}

// Judging a call leaves the state alone: the same call is legal again from it, and what it changed is not there.
func TestNextKeepsState(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallLRU)
	for key := uint32(1); key <= 4; key++ {
		s.update(fd, key, key, abi.Any, abi.OK)
	}
	full := s.state
	s.update(fd, 5, 5, abi.Any, abi.OK)
	s.absent(fd, 1)
	s.state = full
	s.found(abi.MapLookupAndDeleteElem, fd, u32(1), 1)
	s.state = full
	s.found(abi.MapLookupElem, fd, u32(1), 1)
	require.True(t, full.Open(fd))
}
