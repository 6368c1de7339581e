package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// dumpDesk is a desk with a hash that holds keys 0 to 3 in the order 0 2 3 1 (seed 0), each with itself as value.
type dumpDesk struct {
	*desk
	buf, bufLen, prev uint64
}

const dumpRecord = 4 + 8 // bytes

func newDumpDesk(t *testing.T) *dumpDesk {
	t.Helper()
	d := newDesk(t, abi.Hash, abi.FlagZeroSeed)
	for i := range uint32(4) {
		d.must(MapUpdateElem{FD: d.fd, Key: d.Arena.Put(le32(i)), Value: d.Arena.Put(append(le32(i), 0, 0, 0, 0))})
	}
	return &dumpDesk{d, d.Arena.Alloc(64 * dumpRecord), d.Arena.Alloc(4), d.Arena.Put(le32(0xeeee))}
}

// room sets the bytes of room and gives the arguments.
func (d *dumpDesk) room(n uint32) MapDump {
	d.Arena.Write(d.bufLen, le32(n))
	return MapDump{FD: d.fd, Buf: d.buf, BufLen: d.bufLen}
}

func (d *dumpDesk) word(addr uint64) uint32 {
	b := d.Arena.Bytes(addr, 4)
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// dumped are the keys in the first n bytes of the buffer, whose values must be the keys.
func (d *dumpDesk) dumped(n uint32) (keys []uint32) {
	for off := uint32(0); off < n; off += dumpRecord {
		key := d.word(d.buf + uint64(off))
		require.Equal(d.t, key, d.word(d.buf+uint64(off)+4))
		keys = append(keys, key)
	}
	return keys
}

// The mail's own test: too little room, some, the rest, the end.
func TestDumpInParts(t *testing.T) {
	d := newDumpDesk(t)
	d.want(abi.EINVAL, d.room(dumpRecord-1))
	d.must(d.room(2*dumpRecord + 5))
	require.Equal(t, uint32(2*dumpRecord), d.word(d.bufLen))
	require.Equal(t, []uint32{0, 2}, d.dumped(2*dumpRecord))
	require.Equal(t, uint32(0xeeee), d.word(d.prev), "not passed, not written")

	d.Arena.Write(d.prev, le32(2))
	args := d.room(dumpRecord)
	args.PrevKey = d.prev
	d.must(args)
	require.Equal(t, uint32(3), d.word(d.prev))
	args = d.room(50 * dumpRecord)
	args.PrevKey = d.prev
	d.must(args)
	require.Equal(t, uint32(dumpRecord), d.word(d.bufLen), "a short tail is no error")
	require.Equal(t, []uint32{1}, d.dumped(dumpRecord))
	require.Equal(t, uint32(1), d.word(d.prev))

	args = d.room(50 * dumpRecord)
	args.PrevKey = d.prev
	d.want(abi.ENOENT, args)
	require.Equal(t, uint32(50*dumpRecord), d.word(d.bufLen))
	require.Equal(t, uint32(1), d.word(d.prev))
}

func TestDumpOrderOfChecks(t *testing.T) {
	d := newDumpDesk(t)
	bad := MapDump{FD: 9999, PrevKey: nowhere, Buf: nowhere, BufLen: nowhere}
	flags := bad.Encode()
	flags[abi.DumpFlags] = byte(abi.Lock)
	_, errno := d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapDump), d.Arena.Put(flags[:]), abi.AttrSize)
	require.Equal(t, abi.EINVAL, errno, "flags lie behind the last field that the mail declares")
	d.want(abi.EBADF, bad)
	bad.FD = 0
	d.want(abi.EINVAL, bad)
	bad.FD = d.withAccess(abi.FlagWriteOnly)
	d.want(abi.EPERM, bad)
	bad.FD = d.fd
	d.want(abi.EFAULT, bad)
	d.Arena.Write(d.bufLen, le32(dumpRecord-1))
	bad.BufLen = d.bufLen
	d.want(abi.EINVAL, bad)
	d.Arena.Write(d.bufLen, le32(dumpRecord))
	d.want(abi.EFAULT, bad)
	bad.PrevKey = 0
	d.want(abi.EFAULT, bad)
	require.Equal(t, uint32(dumpRecord), d.word(d.bufLen))
	for _, typ := range []abi.MapType{abi.Queue, abi.Stack} {
		q := newDesk(t, typ, 0)
		q.want(abi.EPERM, MapDump{FD: q.withAccess(abi.FlagWriteOnly), PrevKey: nowhere, BufLen: nowhere})
		q.want(abi.ENOTSUPP, MapDump{FD: q.fd, PrevKey: nowhere, BufLen: nowhere})
	}
}

func TestDumpFaults(t *testing.T) {
	d := newDumpDesk(t)
	args := d.room(4 * dumpRecord)
	args.Buf = place(d.Arena, 1<<40, make([]byte, dumpRecord+6))
	d.Arena.Write(d.prev, le32(99))
	args.PrevKey = d.prev
	d.want(abi.EFAULT, args)
	require.Equal(t, []byte{2, 0, 0, 0, 2, 0}, d.Arena.Bytes(args.Buf+dumpRecord, 6), "up to the fault")
	require.Equal(t, uint32(4*dumpRecord), d.word(d.bufLen))
	require.Equal(t, uint32(99), d.word(d.prev))

	// buf_len goes out before prev_key.
	args = d.room(2 * dumpRecord)
	args.BufLen, args.PrevKey = d.bufLen, 1<<41
	copy(d.Arena.Map(1<<41, 4, false), le32(99))
	args = MapDump{FD: d.fd, Buf: d.buf, BufLen: d.bufLen, PrevKey: 1 << 41}
	d.Arena.Write(d.bufLen, le32(3*dumpRecord))
	d.want(abi.EFAULT, args)
	require.Equal(t, uint32(3*dumpRecord), d.word(d.bufLen))
	d.Arena.Write(d.bufLen, le32(4*dumpRecord+1))
	d.want(abi.EFAULT, args)
	require.Equal(t, uint32(4*dumpRecord), d.word(d.bufLen))
}

func TestDumpOfAnEmptyMap(t *testing.T) {
	d := newDumpDesk(t)
	args := d.room(dumpRecord)
	args.FD = d.must(validCreate())
	d.want(abi.ENOENT, args)
}

func TestDumpOfAnArray(t *testing.T) {
	d := newDumpDesk(t)
	args := d.room(64 * dumpRecord)
	args.FD = d.must(MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 3})
	d.must(args)
	require.Equal(t, uint32(3*dumpRecord), d.word(d.bufLen))
	require.Equal(t, uint32(2), d.word(d.buf+2*dumpRecord))
}

func TestDumpEndsWithASignal(t *testing.T) {
	d := newDumpDesk(t)
	for polls := range 4 {
		left := polls
		d.Process.Interrupted = func() bool { left--; return left < 0 }
		d.want(abi.EINTR, d.room(64*dumpRecord))
		require.Equal(t, uint32(64*dumpRecord), d.word(d.bufLen))
	}
}

// meddled is a map on which something happens between finding the nth key of a walk and looking it up.
type meddled struct {
	maps.Map
	maps.NextKeyer
	lookups int
	act     func()
}

func (m *meddled) Lookup(t *maps.Task, key, value []byte) abi.Errno {
	if m.lookups--; m.lookups == 0 {
		m.act()
	}
	return m.Map.(maps.Lookuper).Lookup(t, key, value)
}

// remove makes keys vanish before the nth lookup of the dump that follows.
func (d *dumpDesk) remove(lookup int, keys ...uint32) {
	m := d.Kernel.Maps()[0]
	whole := m.elements
	m.elements = elementsOf(&meddled{Map: whole.maps, NextKeyer: whole.walker, lookups: lookup, act: func() {
		for _, key := range keys {
			require.Equal(d.t, abi.OK, whole.deleter.Delete(d.Task, le32(key)))
		}
	}})
}

// The first record: the cursor is still the caller's, so that a key that vanishes before it is looked up is only
// skipped, and the walk does not start again.
func TestDumpFirstKeyVanishes(t *testing.T) {
	d := newDumpDesk(t)
	d.Arena.Write(d.prev, le32(2))
	args := d.room(64 * dumpRecord)
	args.PrevKey = d.prev
	d.remove(1, 3)
	d.must(args)
	require.Equal(t, []uint32{1}, d.dumped(d.word(d.bufLen)))
}

// Later records: the vanished key is itself the cursor by then, and a hash starts again behind an absent key, within
// the same call.
func TestDumpLaterKeyVanishes(t *testing.T) {
	d := newDumpDesk(t)
	d.remove(2, 2)
	d.must(d.room(64 * dumpRecord))
	require.Equal(t, []uint32{0, 0, 3, 1}, d.dumped(d.word(d.bufLen)))
}

// The key written back is what the loop's buffer holds: after a full buffer the last record's. When the last key
// vanishes the walk starts again, so that it goes on until the room ends.
func TestDumpLastKeyVanishes(t *testing.T) {
	d := newDumpDesk(t)
	args := d.room(5 * dumpRecord)
	args.PrevKey = d.prev
	d.remove(4, 1)
	d.must(args)
	require.Equal(t, []uint32{0, 2, 3, 0, 2}, d.dumped(d.word(d.bufLen)))
	require.Equal(t, uint32(2), d.word(d.prev))
}

// A map that loses its only other key within the call: the key written back is one that was never copied out.
func TestDumpWritesBackAVanishedKey(t *testing.T) {
	d := newDumpDesk(t)
	for _, key := range []uint32{2, 3} {
		d.must(MapDeleteElem{FD: d.fd, Key: d.Arena.Put(le32(key))})
	}
	args := d.room(64 * dumpRecord)
	args.PrevKey = d.prev
	d.remove(2, 0, 1)
	d.must(args)
	require.Equal(t, []uint32{0}, d.dumped(d.word(d.bufLen)))
	require.Equal(t, uint32(1), d.word(d.prev), "found, then gone before its value was read")
}

// The number of bytes and the key may lie in the buffer itself: the number comes over the records, and the key that is
// written last is the one dumped last, not what the number made of it.
func TestDumpOfItsOwnArguments(t *testing.T) {
	for at := uint64(0); at <= 3*dumpRecord; at++ {
		d := newDumpDesk(t)
		args := MapDump{FD: d.fd, Buf: d.buf, BufLen: d.buf + at, PrevKey: d.prev}
		d.Arena.Write(args.BufLen, le32(3*dumpRecord))
		d.must(args)
		require.Equal(t, uint32(3), d.word(d.prev), at)
		require.Equal(t, uint32(3*dumpRecord), d.word(args.BufLen), at)
	}
	for in := uint64(0); in <= 4; in++ { // the buffer begins inside the number, or right behind it
		d := newDumpDesk(t)
		d.must(MapDeleteElem{FD: d.fd, Key: d.Arena.Put(le32(0))}) // the first one, of which the number's zeros change nothing
		args := MapDump{FD: d.fd, Buf: d.buf + in, BufLen: d.buf, PrevKey: d.prev}
		d.Arena.Write(args.BufLen, le32(dumpRecord))
		d.must(args)
		require.Equal(t, uint32(2), d.word(d.prev), in)
		require.Equal(t, uint32(dumpRecord), d.word(args.BufLen), in)
	}
	d := newDumpDesk(t)
	d.Arena.Write(d.buf+dumpRecord, le32(0))
	args := d.room(2 * dumpRecord)
	args.PrevKey = d.buf + dumpRecord // where the second record comes to lie
	d.must(args)
	require.Equal(t, []uint32{2, 3}, d.dumped(2*dumpRecord))
}
