package model_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
)

var (
	smallHash  = shape{abi.Hash, 4, 8, 8, abi.FlagZeroSeed}
	smallLRU   = shape{abi.LRUHash, 4, 8, 4, abi.FlagZeroSeed}
	smallArray = shape{abi.Array, 4, 8, 3, 0}
	smallQueue = shape{abi.Queue, 0, 8, 2, 0}
	smallStack = shape{abi.Stack, 0, 8, 2, 0}
)

// Order measured on 6.18: bucket 1 holds 4 and 10, bucket 3 holds 1, 13, 30 and 48, bucket 5 holds 9 and 11.
func TestHashOrder(t *testing.T) {
	for _, flags := range []uint32{0, abi.FlagNoPrealloc} {
		s := newSession(t, root)
		fd := s.create(shape{abi.Hash, 4, 8, 8, abi.FlagZeroSeed | flags})
		for _, key := range []uint32{1, 13, 30, 4, 10, 9, 11, 48} {
			s.update(fd, key, key*10, abi.Any, abi.OK)
		}
		s.walk(fd, 10, 4, 48, 30, 13, 1, 11, 9)
		s.update(fd, 13, 7, abi.Any, abi.OK) // moves to the head of its bucket
		s.walk(fd, 10, 4, 13, 48, 30, 1, 11, 9)
		s.update(fd, 99, 7, abi.Any, abi.E2BIG)
		s.delete(fd, 4, abi.OK)
		s.delete(fd, 4, abi.ENOENT)
		s.walk(fd, 10, 13, 48, 30, 1, 11, 9)
		s.found(abi.MapLookupElem, fd, u32(13), 7)
	}
}

func TestUpdateErrno(t *testing.T) {
	for _, c := range []struct {
		name       string
		key        uint32
		flags      uint64
		hash, lru  abi.Errno // map full of 0..3
		array      abi.Errno // three elements
		queue      abi.Errno // full
		hashInRoom abi.Errno // map of 8 with 0..3
	}{
		{"new", 9, abi.Any, abi.E2BIG, abi.OK, abi.E2BIG, abi.E2BIG, abi.OK},
		{"new noexist", 9, abi.NoExist, abi.E2BIG, abi.OK, abi.E2BIG, abi.EINVAL, abi.OK},
		{"new exist", 9, abi.Exist, abi.ENOENT, abi.ENOENT, abi.E2BIG, abi.OK, abi.ENOENT},
		{"present", 2, abi.Any, abi.OK, abi.OK, abi.OK, abi.E2BIG, abi.OK},
		{"present noexist", 2, abi.NoExist, abi.EEXIST, abi.EEXIST, abi.EEXIST, abi.EINVAL, abi.EEXIST},
		{"present exist", 2, abi.Exist, abi.OK, abi.OK, abi.OK, abi.OK, abi.OK},
		{"both", 2, 3, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"lock", 2, abi.Lock, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
		{"high flag", 2, 1 << 32, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, root)
			for m, want := range map[shape]abi.Errno{
				{abi.Hash, 4, 8, 4, abi.FlagZeroSeed}: c.hash, smallLRU: c.lru, smallArray: c.array, smallHash: c.hashInRoom,
			} {
				fd := s.create(m)
				for key := range min(m.max, 4) {
					s.update(fd, key, key, abi.Any, abi.OK)
				}
				s.update(fd, c.key, 5, c.flags, want)
			}
			fd := s.create(smallQueue)
			s.push(fd, 1, abi.Any, abi.OK)
			s.push(fd, 2, abi.Any, abi.OK)
			s.push(fd, 3, c.flags, c.queue)
		})
	}
}

func TestQueueAndStack(t *testing.T) {
	for _, c := range []struct {
		m    shape
		want []uint32 // what is left after 1, 2 and, with EXIST, 3
	}{{smallQueue, []uint32{2, 3}}, {smallStack, []uint32{3, 2}}} {
		s := newSession(t, root)
		fd := s.create(c.m)
		s.elem(fd, nil, 0)
		s.legal(abi.MapLookupElem, 32, 0, abi.ENOENT)
		s.push(fd, 1, abi.Any, abi.OK)
		s.push(fd, 2, abi.Any, abi.OK)
		s.push(fd, 3, abi.Exist, abi.OK)
		for _, v := range c.want {
			s.found(abi.MapLookupElem, fd, nil, v)
			s.found(abi.MapLookupAndDeleteElem, fd, nil, v)
		}
		s.elem(fd, nil, 0)
		s.legal(abi.MapLookupAndDeleteElem, 32, 0, abi.ENOENT)
		s.elem(fd, u32(1), 0)
		s.legal(abi.MapLookupElem, 32, 0, abi.EINVAL) // a map without keys takes no key
		s.elem(fd, nil, 0)
		s.legal(abi.MapGetNextKey, 24, 0, abi.EINVAL)
		s.legal(abi.MapDeleteElem, 16, 0, abi.EINVAL)
		s.legal(abi.MapLookupBatch, 0, 0, abi.EBADF) // fd 0 is not open here
	}
}

func TestArray(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallArray)
	s.found(abi.MapLookupElem, fd, u32(1), 0)
	s.update(fd, 1, 77, abi.Any, abi.OK)
	s.found(abi.MapLookupElem, fd, u32(1), 77)
	s.absent(fd, 3)
	s.walk(fd, 0, 1, 2)
	s.elem(fd, u32(9), 0)
	s.legal(abi.MapGetNextKey, 24, 0, abi.OK, poke{valueAt, u32(0)})
	s.legal(abi.MapDeleteElem, 16, 0, abi.EINVAL)
	s.legal(abi.MapLookupAndDeleteElem, 32, 0, abi.ENOTSUPP)
}

// The order in which competing errors are found (kernel/bpf/syscall.c), measured on 6.18.
func TestElementCheckOrder(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallHash)
	s.state = s.state.OpenForeign(90)
	s.update(fd, 1, 1, abi.Any, abi.OK)
	bad := func(fields map[int][]byte) { s.put(attr(168, fields)) }

	bad(map[int][]byte{0: u32(77), 24: u64(8)})
	s.legal(abi.MapLookupElem, 32, 0, abi.EINVAL) // flags before the fd
	s.legal(abi.MapUpdateElem, 32, 0, abi.EBADF)  // the fd before flags
	bad(map[int][]byte{0: u32(90)})
	s.legal(abi.MapLookupElem, 32, 0, abi.EINVAL) // open, but no map
	bad(map[int][]byte{0: u32(0xffffffff)})
	s.legal(abi.MapDeleteElem, 16, 0, abi.EBADF)
	bad(map[int][]byte{0: u32(77), 32: {1}})
	s.legal(abi.MapLookupElem, 168, 0, abi.EINVAL) // behind the last field, before the fd
	bad(map[int][]byte{0: u32(uint32(fd)), 8: u64(nowhere), 16: u64(nowhere), 24: u64(abi.Lock)})
	s.legal(abi.MapUpdateElem, 32, 0, abi.EINVAL) // LOCK before the key
	bad(map[int][]byte{0: u32(uint32(fd)), 8: u64(keyAt), 16: u64(nowhere), 24: u64(8)})
	s.legal(abi.MapUpdateElem, 32, 0, abi.EFAULT) // the value before other flags
	s.put(poke{keyAt, u32(5)})
	bad(map[int][]byte{0: u32(uint32(fd)), 8: u64(keyAt), 16: u64(nowhere)})
	s.legal(abi.MapLookupElem, 32, 0, abi.ENOENT) // an absent key before the copy out
	bad(map[int][]byte{0: u32(uint32(fd)), 16: u64(valueAt)})
	s.legal(abi.MapLookupElem, 32, 0, abi.EFAULT) // NULL is a key for GET_NEXT_KEY only
	s.legal(abi.MapGetNextKey, 24, 0, abi.OK, poke{valueAt, u32(1)})
}

// A copy out writes what lies before the fault; LOOKUP_AND_DELETE has removed the element by then.
func TestCopyOutFault(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallHash)
	for _, end := range []uint64{endOfRW, endOfRO} {
		s.update(fd, 1, 0x01020304, abi.Any, abi.OK)
		s.put(attr(32, map[int][]byte{0: u32(uint32(fd)), 8: u64(keyAt), 16: u64(end - 3)}))
		s.legal(abi.MapLookupElem, 32, 0, abi.EFAULT, poke{end - 3, []byte{4, 3, 2}})
		s.put(poke{end - 3, []byte{9, 9, 9}})
		s.legal(abi.MapLookupAndDeleteElem, 32, 0, abi.EFAULT, poke{end - 3, []byte{4, 3, 2}})
		s.absent(fd, 1)
	}
}

func TestAccess(t *testing.T) {
	s := newSession(t, root)
	reader := s.create(shape{abi.Array, 4, 8, 3, abi.FlagReadOnly})
	s.elem(reader, u32(1), 0)
	s.legal(abi.MapUpdateElem, 32, 0, abi.EPERM)
	s.legal(abi.MapFreeze, 4, 0, abi.EPERM)
	s.found(abi.MapLookupElem, reader, u32(1), 0)
	writer := s.create(shape{abi.Array, 4, 8, 3, abi.FlagWriteOnly})
	s.elem(writer, u32(1), 0)
	s.legal(abi.MapLookupElem, 32, 0, abi.EPERM)
	s.legal(abi.MapGetNextKey, 24, 0, abi.EPERM)
	s.update(writer, 1, 5, abi.Any, abi.OK)
	s.put(attr(4, map[int][]byte{0: u32(uint32(writer))}))
	s.legal(abi.MapFreeze, 4, 0, abi.OK)
	s.legal(abi.MapFreeze, 4, 0, abi.EPERM)
	s.update(writer, 1, 6, abi.Any, abi.EPERM)
}

// sizes: 4096 is the largest, what lies behind 168 must be zero, bytes that are not given count as zero.
func TestAttrSize(t *testing.T) {
	s := newSession(t, root)
	s.put(attr(4097, nil))
	s.legal(99, 4096, 0, abi.EINVAL)
	s.legal(99, 4097, 0, abi.E2BIG)
	s.put(poke{attrAt + 168, []byte{1}})
	s.legal(99, 168, 0, abi.EINVAL)
	s.legal(99, 169, 0, abi.E2BIG)
	s.legal(abi.MapLookupElem, 0, 0, abi.EBADF)
}
