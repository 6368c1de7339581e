package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// shelf is a caller with a map of 8 buckets (keys 4 and 10 share one, as 1, 13, 30 and 48 do, measured on 6.18) whose
// values are ten times their keys, and with room to dump into.
type shelf struct {
	*Caller
	t         *testing.T
	fd        int32
	buf, size uint64 // addresses of room for 8 records and of its size
	prev      uint64 // address of a key
}

const recordSize = 12

func newShelf(t *testing.T, typ abi.MapType, keys ...uint32) *shelf {
	t.Helper()
	s := &shelf{Caller: NewCaller(NewKernel(Options{})), t: t}
	flags := abi.FlagZeroSeed
	if typ == abi.Array {
		flags = 0
	}
	s.fd = s.must(MapCreate{Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 8, Flags: flags})
	s.buf, s.size, s.prev = s.Arena.Alloc(8*recordSize), s.Arena.Alloc(4), s.Arena.Alloc(4)
	for _, key := range keys {
		value := binary.LittleEndian.AppendUint64(nil, uint64(key)*10)
		s.must(MapUpdateElem{FD: s.fd, Key: s.Arena.Put(le32(key)), Value: s.Arena.Put(value)})
	}
	return s
}

func (s *shelf) must(args Args) int32 {
	s.t.Helper()
	ret, errno := s.Do(args)
	require.Equal(s.t, abi.OK, errno, "%#v", args)
	return ret
}

// room sets the size of the buffer in records.
func (s *shelf) room(records int) *shelf {
	s.Arena.Write(s.size, le32(uint32(records*recordSize)))
	return s
}

// dumped makes the call and returns the keys it copied, whose values must be theirs.
func (s *shelf) dumped(args Args) (keys []uint32, errno abi.Errno) {
	s.t.Helper()
	if _, errno = s.Do(args); errno != abi.OK {
		return nil, errno
	}
	filled := binary.LittleEndian.Uint32(s.Arena.Bytes(s.size, 4))
	require.Zero(s.t, filled%recordSize)
	for at := uint32(0); at < filled; at += recordSize {
		record := s.Arena.Bytes(s.buf+uint64(at), recordSize)
		key := binary.LittleEndian.Uint32(record)
		require.Equal(s.t, uint64(key)*10, binary.LittleEndian.Uint64(record[4:]))
		keys = append(keys, key)
	}
	return keys, errno
}

func (s *shelf) july(prev uint64, flags uint64) MapDumpJuly {
	return MapDumpJuly{FD: s.fd, PrevKey: prev, Buf: s.buf, BufLen: s.size, Flags: flags}
}

func (s *shelf) remove(key uint32) {
	s.must(MapDeleteElem{FD: s.fd, Key: s.Arena.Put(le32(key))})
}

// left is what a dump of everything shows.
func (s *shelf) left() []uint32 {
	keys, _ := s.room(8).dumped(s.july(0, 0))
	return keys
}

func TestJulyDumpIsTheMailsLoop(t *testing.T) {
	s := newShelf(t, abi.Hash, 1, 13, 4)
	keys, errno := s.room(2).dumped(s.july(0, 0))
	require.Equal(t, abi.OK, errno)
	require.Equal(t, []uint32{4, 13}, keys)
	s.Arena.Write(s.prev, le32(13))
	keys, _ = s.room(2).dumped(s.july(s.prev, 0))
	require.Equal(t, []uint32{1}, keys)
	require.Equal(t, le32(1), s.Arena.Bytes(s.prev, 4))
	_, errno = s.room(2).dumped(s.july(s.prev, 0))
	require.Equal(t, abi.ENOENT, errno)
}

func TestJulyDumpOrderOfChecks(t *testing.T) {
	for typ, missing := range map[abi.MapType]abi.Errno{
		abi.Hash: abi.EFAULT, abi.LRUHash: abi.EFAULT, abi.Array: abi.EINVAL, abi.Queue: abi.EINVAL, abi.Stack: abi.EINVAL,
	} {
		t.Run(typ.String(), func(t *testing.T) {
			d := newDesk(t, typ, 0)
			bad := MapDumpJuly{FD: 9999, PrevKey: nowhere, Buf: nowhere, BufLen: nowhere, Flags: 1}
			d.want(abi.EINVAL, bad) // flags before the fd
			bad.Flags = abi.Lock
			d.want(abi.EBADF, bad)
			bad.FD = d.withAccess(abi.FlagWriteOnly)
			d.want(abi.EPERM, bad)
			bad.FD = d.fd
			d.want(abi.EINVAL, bad) // no map has a spin lock
			bad.Flags = abi.DumpBucket
			d.want(missing, bad)
			bad.Flags = 0
			if typ == abi.Queue || typ == abi.Stack {
				d.want(abi.ENOTSUPP, bad)
				return
			}
			d.want(abi.EFAULT, bad)
			bad.BufLen = d.Arena.Put(le32(11))
			d.want(abi.EINVAL, bad)
		})
	}
}

func TestDumpAndDeletePermissions(t *testing.T) {
	for _, typ := range allTypes {
		t.Run(typ.String(), func(t *testing.T) {
			d := newDesk(t, typ, 0)
			want := abi.ENOTSUPP
			if typ == abi.Hash || typ == abi.LRUHash {
				want = abi.EFAULT
			}
			args := MapDumpAndDelete{FD: d.fd, BufLen: nowhere}
			d.want(want, args)
			for _, flags := range []uint32{abi.FlagReadOnly, abi.FlagWriteOnly} {
				args.FD = d.withAccess(flags)
				d.want(abi.EPERM, args)
			}
			d.must(MapFreeze{FD: d.fd})
			args.FD = d.fd
			d.want(abi.EPERM, args)
		})
	}
}

func TestDumpBucketCopiesWholeBuckets(t *testing.T) {
	s := newShelf(t, abi.Hash, 4, 1, 13, 30, 9)
	keys, errno := s.room(3).dumped(s.july(0, abi.DumpBucket))
	require.Equal(t, abi.OK, errno)
	require.Equal(t, []uint32{4}, keys, "the bucket of three does not fit behind the first")

	s.Arena.Write(s.prev, le32(4))
	_, errno = s.room(2).dumped(s.july(s.prev, abi.DumpBucket))
	require.Equal(t, abi.ENOSPC, errno)
	require.Equal(t, le32(2*recordSize), s.Arena.Bytes(s.size, 4), "nothing is copied, nor said to be")

	keys, _ = s.room(3).dumped(s.july(s.prev, abi.DumpBucket))
	require.Equal(t, []uint32{30, 13, 1}, keys)
	require.Equal(t, le32(1), s.Arena.Bytes(s.prev, 4))

	s.remove(1) // A cursor that is gone still leads behind its bucket.
	keys, _ = s.room(3).dumped(s.july(s.prev, abi.DumpBucket))
	require.Equal(t, []uint32{9}, keys)
	_, errno = s.room(3).dumped(s.july(s.prev, abi.DumpBucket))
	require.Equal(t, abi.ENOENT, errno)
}

func TestDumpAndDeleteTakesWhatItCopies(t *testing.T) {
	for _, flags := range []uint64{0, abi.DumpBucket} {
		s := newShelf(t, abi.Hash, 4, 1, 13, 9)
		args := MapDumpAndDelete(s.july(s.prev, flags))
		keys, errno := s.room(3).dumped(args)
		require.Equal(t, abi.OK, errno)
		require.Equal(t, []uint32{4, 13, 1}, keys)
		require.Equal(t, le32(1), s.Arena.Bytes(s.prev, 4))
		require.Equal(t, []uint32{9}, s.left())
		keys, _ = s.room(3).dumped(args)
		require.Equal(t, []uint32{9}, keys, "it starts at the first element on every call")
		_, errno = s.room(3).dumped(args)
		require.Equal(t, abi.ENOENT, errno)
	}
}

// What could not be handed over stays in the map.
func TestDumpAndDeleteFault(t *testing.T) {
	for flags, left := range map[uint64][]uint32{0: {1, 9}, abi.DumpBucket: {13, 1, 9}} {
		s := newShelf(t, abi.Hash, 4, 1, 13, 9)
		const page = 0x7000000
		s.Arena.Map(page, 2*recordSize+1, true)
		args := MapDumpAndDelete(s.july(0, flags))
		args.Buf = page
		_, errno := s.room(8).Do(args)
		require.Equal(t, abi.EFAULT, errno)
		require.Equal(t, left, s.left())
	}
}

func TestDumpIsInterrupted(t *testing.T) {
	for _, args := range []func(s *shelf) Args{
		func(s *shelf) Args { return s.july(0, 0) },
		func(s *shelf) Args { return s.july(0, abi.DumpBucket) },
		func(s *shelf) Args { return MapDumpAndDelete(s.july(0, 0)) },
	} {
		s := newShelf(t, abi.Hash, 4, 1)
		asked := 0
		s.Process.Interrupted = func() bool { asked++; return asked == 2 }
		_, errno := s.room(8).dumped(args(s))
		require.Equal(t, abi.EINTR, errno)
		require.Equal(t, le32(8*recordSize), s.Arena.Bytes(s.size, 4))
	}
}

func TestDumpsDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	s := newShelf(t, abi.Hash, 4, 1, 13, 9)
	for _, flags := range []uint64{0, abi.DumpBucket} {
		var args Args = s.july(0, flags)
		require.Zero(t, testing.AllocsPerRun(100, func() { s.room(8); s.Do(args) }))
	}
}
