package model_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
)

// july writes the attr of a dump in the layout of July: records go to valueAt, their length to outAt.
func (s *session) july(fd int32, prev uint64, room uint32, flags uint64) {
	s.put(attr(36, map[int][]byte{
		0: u64(prev), 8: u64(valueAt), 16: u64(outAt), 24: u64(flags), 32: u32(uint32(fd)),
	}), poke{outAt, u32(room)})
}

// Which of two errors is told; each line but the last has two.
func TestDumpErrnos(t *testing.T) {
	const bad = 1 << 20
	s := newSession(t, root)
	hash, array, queue := s.filled(), s.create(smallArray), s.create(smallQueue)
	frozen := s.filled()
	s.put(attr(4, map[int][]byte{0: u32(uint32(frozen))}))
	s.legal(abi.MapFreeze, 4, 0, abi.OK)
	for _, c := range []struct {
		fd          int32
		room        uint32
		flags       uint64
		dump, drain abi.Errno
	}{
		{99, 0, bad, abi.EINVAL, abi.EINVAL},
		{99, 0, abi.Lock, abi.EBADF, abi.EBADF},
		{frozen, 0, abi.Lock, abi.EINVAL, abi.EPERM},
		{frozen, 0, 0, abi.EINVAL, abi.EPERM},
		{queue, 0, abi.DumpBucket, abi.EINVAL, abi.EINVAL},
		{array, 0, abi.DumpBucket, abi.EINVAL, abi.EINVAL},
		{hash, 100, abi.DumpBucket | abi.Lock, abi.EINVAL, abi.EINVAL},
		{queue, 0, 0, abi.ENOTSUPP, abi.ENOTSUPP},
		{array, 0, 0, abi.EINVAL, abi.ENOTSUPP},
		{hash, 11, abi.DumpBucket, abi.EINVAL, abi.EINVAL},
		{hash, 12, abi.DumpBucket, abi.ENOSPC, abi.ENOSPC},
	} {
		s.july(c.fd, 0, c.room, c.flags)
		s.legal(abi.MapDumpJuly, 36, 0, c.dump)
		s.legal(abi.MapDumpAndDelete, 36, 0, c.drain)
	}
	s.july(hash, nowhere, 100, 0)
	s.legal(abi.MapDumpJuly, 36, 0, abi.EFAULT)
	s.put(attr(40, map[int][]byte{36: u32(1)}))
	s.legal(abi.MapDumpJuly, 40, 0, abi.EINVAL)
}

func TestDumpBuckets(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled() // bucket 1: 10 4, bucket 3: 1, bucket 5: 9
	s.july(fd, 0, 35, abi.DumpBucket)
	s.legal(abi.MapDumpJuly, 36, 0, abi.OK, records(10, 4), poke{outAt, u32(24)})
	s.delete(fd, 4, abi.OK)
	s.july(fd, inAt, 12, abi.DumpBucket)
	s.put(poke{inAt, u32(4)}) // its hash is enough
	s.legal(abi.MapDumpJuly, 36, 0, abi.OK, records(1), poke{outAt, u32(12)}, poke{inAt, u32(1)})
	s.put(poke{outAt, u32(100)})
	s.legal(abi.MapDumpJuly, 36, 0, abi.OK, records(9), poke{outAt, u32(12)}, poke{inAt, u32(9)})
	s.legal(abi.MapDumpJuly, 36, 0, abi.ENOENT)
}

// What is copied leaves the map; prev_key is only written.
func TestDumpAndDelete(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled()
	s.july(fd, inAt, 12, 0)
	s.put(poke{inAt, u32(9)})
	s.legal(abi.MapDumpAndDelete, 36, 0, abi.OK, records(10), poke{outAt, u32(12)}, poke{inAt, u32(10)})
	s.july(fd, 0, 24, abi.DumpBucket)
	s.legal(abi.MapDumpAndDelete, 36, 0, abi.OK, records(4, 1), poke{outAt, u32(24)})
	s.walk(fd, 9)
	s.july(fd, 0, 100, 0)
	s.legal(abi.MapDumpAndDelete, 36, 0, abi.OK, records(9), poke{outAt, u32(12)})
	s.july(fd, 0, 100, 0)
	s.legal(abi.MapDumpAndDelete, 36, 0, abi.ENOENT)
}

// What could not be copied whole stays: a pair, or under BPF_F_DUMP_BUCKET a bucket. What was copied before it is gone.
func TestDumpAndDeleteFault(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled()
	partly := records(10, 4)
	partly.addr, partly.bytes = endOfRW-16, partly.bytes[:16]
	buffer := poke{attrAt + abi.JulyBuf, u64(endOfRW - 16)}
	s.july(fd, 0, 48, abi.DumpBucket)
	s.put(buffer)
	s.legal(abi.MapDumpAndDelete, 36, 0, abi.EFAULT, partly)
	s.walk(fd, 10, 4, 1, 9)
	s.july(fd, 0, 48, 0)
	s.put(buffer)
	s.legal(abi.MapDumpAndDelete, 36, 0, abi.EFAULT, partly)
	s.walk(fd, 4, 1, 9)
}

// A dump of an unknown order may return any elements, but each once, and all where all fit.
func TestDumpUnknownOrder(t *testing.T) {
	s := newSession(t, root)
	fd := s.unseeded(abi.Hash)
	keys := []uint32{2, 3, 1}
	for _, flags := range []uint64{0, abi.DumpBucket} {
		s.july(fd, 0, 1000, flags)
		all := uint32(12 * len(keys))
		s.illegal(abi.MapDumpAndDelete, 36, 0, abi.OK, records(keys[1:]...), poke{outAt, u32(all - 12)})
		s.illegal(abi.MapDumpAndDelete, 36, 0, abi.OK, records(3, 1, 1), poke{outAt, u32(all)})
		s.illegal(abi.MapDumpAndDelete, 36, 0, abi.ENOSPC)
		s.illegal(abi.MapDumpAndDelete, 36, 0, abi.ENOENT)
		states, why := s.next(abi.MapDumpAndDelete, 36, 0, abi.OK, records(keys...), poke{outAt, u32(all)})
		one(t, states, why)
	}
	s.july(fd, 0, 12, abi.DumpBucket)
	states, why := s.next(abi.MapDumpJuly, 36, 0, abi.ENOSPC)
	one(t, states, why)
	states, why = s.next(abi.MapDumpJuly, 36, 0, abi.OK, records(keys[1]), poke{outAt, u32(12)})
	one(t, states, why)
}
