package model_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
)

// batch writes the attr of a batch command with the usual addresses.
func (s *session) batch(fd int32, in uint64, count uint32) {
	s.put(attr(56, map[int][]byte{
		0: u64(in), 8: u64(outAt), 16: u64(keyAt), 24: u64(valueAt), 32: u32(count), 36: u32(uint32(fd)),
	}))
}

func counted(n uint32) poke           { return poke{attrAt + abi.BatchCount, u32(n)} }
func token(n uint32) poke             { return poke{outAt, u32(n)} }
func keyOf(i uint64, k uint32) poke   { return poke{keyAt + 4*i, u32(k)} }
func valueOf(i uint64, v uint32) poke { return poke{valueAt + 8*i, u64(uint64(v))} }

// filled is a hash with bucket 1: 10 4, bucket 3: 1, bucket 5: 9.
func (s *session) filled() int32 {
	fd := s.create(smallHash)
	for _, key := range []uint32{4, 10, 1, 9} {
		s.update(fd, key, key*10, abi.Any, abi.OK)
	}
	return fd
}

func TestLookupBatchBuckets(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled()
	s.batch(fd, 0, 1)
	s.legal(abi.MapLookupBatch, 56, 0, abi.ENOSPC, counted(0), token(1))
	s.batch(fd, 0, 2)
	s.legal(abi.MapLookupBatch, 56, 0, abi.OK, counted(2), token(3),
		keyOf(0, 10), keyOf(1, 4), valueOf(0, 100), valueOf(1, 40))
	s.put(poke{inAt, u32(3)})
	s.batch(fd, inAt, 2)
	s.legal(abi.MapLookupBatch, 56, 0, abi.ENOENT, counted(2), token(8),
		keyOf(0, 1), keyOf(1, 9), valueOf(0, 10), valueOf(1, 90))
	s.put(poke{inAt, u32(8)}, poke{outAt, u32(99)})
	s.batch(fd, inAt, 2)
	s.legal(abi.MapLookupBatch, 56, 0, abi.ENOENT, counted(0)) // the token is not written
	s.batch(fd, nowhere, 0)
	s.legal(abi.MapLookupBatch, 56, 0, abi.OK)
	s.batch(fd, nowhere, 1)
	s.legal(abi.MapLookupBatch, 56, 0, abi.EFAULT, counted(0))
}

// A fault loses the bucket that was being copied, and only that one.
func TestLookupAndDeleteBatchFault(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled()
	s.batch(fd, 0, 4)
	s.put(poke{attrAt + abi.BatchValues, u64(endOfRW - 20)})
	s.legal(abi.MapLookupAndDeleteBatch, 56, 0, abi.EFAULT, counted(0), keyOf(0, 10), keyOf(1, 4), keyOf(2, 1),
		poke{endOfRW - 20, append(append(u64(100), u64(40)...), 10, 0, 0, 0)})
	s.walk(fd, 9)
}

func TestLookupAndDeleteBatch(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled()
	s.batch(fd, 0, 4)
	s.legal(abi.MapLookupAndDeleteBatch, 56, 0, abi.ENOENT, counted(4), token(8),
		keyOf(0, 10), keyOf(1, 4), keyOf(2, 1), keyOf(3, 9),
		valueOf(0, 100), valueOf(1, 40), valueOf(2, 10), valueOf(3, 90))
	s.walk(fd)
}

// Arrays have a key for a token, and end with success when count elements were there.
func TestLookupBatchKeys(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallArray)
	s.batch(fd, 0, 2)
	s.legal(abi.MapLookupBatch, 56, 0, abi.OK, counted(2), token(1), keyOf(0, 0), keyOf(1, 1), valueOf(0, 0), valueOf(1, 0))
	s.batch(fd, outAt, 2)
	s.legal(abi.MapLookupBatch, 56, 0, abi.ENOENT, counted(1), token(2), keyOf(0, 2), valueOf(0, 0))
	s.batch(fd, outAt, 2)
	s.legal(abi.MapLookupBatch, 56, 0, abi.ENOENT, counted(0))
	s.batch(fd, 0, 2)
	s.put(poke{attrAt + abi.BatchOut, u64(0)})
	s.legal(abi.MapLookupBatch, 56, 0, abi.EFAULT, counted(2), keyOf(0, 0), keyOf(1, 1), valueOf(0, 0), valueOf(1, 0))
	s.batch(fd, 0, 2)
	s.legal(abi.MapDeleteBatch, 56, 0, abi.ENOTSUPP)
}

func TestChangeBatch(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(shape{abi.Hash, 4, 8, 2, abi.FlagZeroSeed})
	s.put(keyOf(0, 1), keyOf(1, 2), keyOf(2, 3), valueOf(0, 10), valueOf(1, 20), valueOf(2, 30))
	s.batch(fd, nowhere, 3)
	s.legal(abi.MapUpdateBatch, 56, 0, abi.E2BIG, counted(2))
	s.found(abi.MapLookupElem, fd, u32(2), 20)
	s.put(keyOf(0, 1), keyOf(1, 7), keyOf(2, 2))
	s.batch(fd, nowhere, 3)
	s.legal(abi.MapDeleteBatch, 56, 0, abi.ENOENT, counted(1))
	s.batch(fd, 0, 3)
	s.put(poke{attrAt + abi.BatchElemFlags, u64(abi.NoExist)})
	s.legal(abi.MapUpdateBatch, 56, 0, abi.EINVAL)
	s.batch(fd, 0, 3)
	s.put(poke{attrAt + abi.BatchFlags, u64(1)})
	s.legal(abi.MapLookupBatch, 56, 0, abi.EINVAL)
	s.legal(abi.MapDeleteBatch, 56, 0, abi.ENOENT, counted(0)) // 1 is gone, and flags are not looked at
}
