package bpfsys

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// rack is a desk with arrays for batches.
type rack struct {
	*desk
	keys, values, in, out uint64
}

func newRack(t *testing.T, typ abi.MapType, flags uint32) *rack {
	t.Helper()
	d := newDesk(t, typ, flags)
	keys := make([]byte, 0, 64)
	for i := range uint32(16) {
		keys = append(keys, le32(i)...)
	}
	return &rack{d, d.Arena.Put(keys), d.Arena.Alloc(16 * 8), d.Arena.Put(le32(0)), d.Arena.Alloc(4)}
}

func (r *rack) args(count uint32) MapLookupBatch {
	return MapLookupBatch{Out: r.out, Keys: r.keys, Values: r.values, Count: count, FD: r.fd}
}

// wantCount makes a call and checks errno and the count left in the attr.
func (r *rack) wantCount(errno abi.Errno, count uint32, args Args) {
	r.t.Helper()
	r.want(errno, args)
	require.Equal(r.t, count, r.Attr().fields().u32(abi.BatchCount), "count of %#v", args)
}

func (r *rack) word(addr uint64) uint32 { return binary.LittleEndian.Uint32(r.Arena.Bytes(addr, 4)) }

// batchKinds are the four commands over the same arguments.
var batchKinds = []func(MapLookupBatch) Args{
	func(b MapLookupBatch) Args { return b },
	func(b MapLookupBatch) Args { return MapLookupAndDeleteBatch(b) },
	func(b MapLookupBatch) Args { return MapUpdateBatch(b) },
	func(b MapLookupBatch) Args { return MapDeleteBatch(b) },
}

func TestBatchOrderOfChecks(t *testing.T) {
	for _, kind := range batchKinds {
		t.Run(kind(MapLookupBatch{}).Cmd().String(), func(t *testing.T) {
			r := newRack(t, abi.Hash, abi.FlagZeroSeed)
			bad := MapLookupBatch{Keys: nowhere, Values: nowhere, In: nowhere, Count: 2, FD: 9999, ElemFlags: 1}
			r.wantCount(abi.EBADF, 2, kind(bad))
			bad.FD = 0
			r.wantCount(abi.EINVAL, 2, kind(bad))
			bad.FD = r.fd
			for _, flags := range []uint64{1, 2, 4, 8, 1 << 40} {
				bad.ElemFlags = flags
				r.wantCount(abi.EINVAL, 2, kind(bad))
			}
			bad.ElemFlags, bad.Count = 0, 0
			r.wantCount(abi.OK, 0, kind(bad))
			bad.Count = 2
			r.wantCount(abi.EFAULT, 0, kind(bad))
		})
	}
}

func TestBatchPermissions(t *testing.T) {
	for i, want := range []struct{ readOnly, writeOnly, frozen abi.Errno }{
		{abi.ENOENT, abi.EPERM, abi.ENOENT},
		{abi.EPERM, abi.EPERM, abi.EPERM},
		{abi.EPERM, abi.OK, abi.EPERM},
		{abi.EPERM, abi.OK, abi.EPERM},
	} {
		for name, access := range map[string]uint32{"read-only": abi.FlagReadOnly, "write-only": abi.FlagWriteOnly} {
			t.Run(batchKinds[i](MapLookupBatch{}).Cmd().String()+" "+name, func(t *testing.T) {
				r := newRack(t, abi.Hash, 0)
				args := r.args(2)
				args.FD = r.withAccess(access)
				errno := want.readOnly
				if access == abi.FlagWriteOnly {
					errno = want.writeOnly
				}
				r.wantCount(errno, 2, batchKinds[i](args))
				r.must(MapFreeze{FD: r.fd})
				args.FD = r.fd
				r.wantCount(want.frozen, 2, batchKinds[i](args))
			})
		}
	}
}

// The type's missing command is found out before the arguments, and count is left alone.
func TestBatchCommandsOfEachType(t *testing.T) {
	for _, tt := range []struct {
		typ     abi.MapType
		missing []int
	}{
		{abi.Hash, nil}, {abi.LRUHash, nil}, {abi.Array, []int{1, 3}}, {abi.Queue, []int{0, 1, 2, 3}}, {abi.Stack, []int{0, 1, 2, 3}},
	} {
		t.Run(tt.typ.String(), func(t *testing.T) {
			r := newRack(t, tt.typ, 0)
			for _, i := range tt.missing {
				r.wantCount(abi.ENOTSUPP, 7, batchKinds[i](MapLookupBatch{FD: r.fd, Count: 7, ElemFlags: 1, Keys: nowhere}))
				r.wantCount(abi.ENOTSUPP, 0, batchKinds[i](MapLookupBatch{FD: r.fd}))
			}
		})
	}
}

// flags (not elem_flags) are refused only by the reads of hash types.
func TestBatchFlags(t *testing.T) {
	for i, want := range []abi.Errno{abi.EINVAL, abi.EINVAL, abi.OK, abi.OK} {
		r := newRack(t, abi.Hash, 0)
		args := r.args(2)
		args.Flags = 1
		r.wantCount(want, 2, batchKinds[i](args))
		args.Count = 0
		r.wantCount(want, 0, batchKinds[i](args))
	}
	r := newRack(t, abi.Array, 0)
	args := r.args(2)
	args.Flags = 1
	r.wantCount(abi.OK, 2, args)
}

// With seed 0, u32 keys 0 to 3 fill four buckets as [0] [2] [3 1] [] (measured).
func TestHashLookupBatchCursor(t *testing.T) {
	r := newRack(t, abi.Hash, abi.FlagZeroSeed)
	r.want(abi.OK, MapUpdateBatch{Keys: r.keys, Values: r.values, Count: 4, FD: r.fd})
	first := r.args(4)
	r.wantCount(abi.ENOENT, 4, first)
	require.Equal(t, uint32(4), r.word(r.out), "cursor behind the last bucket")

	var walked []byte
	whole := []byte{0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0}
	require.Equal(t, whole, r.Arena.Bytes(r.keys, 16))
	args := r.args(3)
	for {
		_, errno := r.Do(args)
		n := r.Attr().fields().u32(abi.BatchCount)
		walked = append(walked, r.Arena.Bytes(r.keys, int(4*n))...)
		if errno == abi.ENOENT {
			break
		}
		require.Equal(t, abi.OK, errno)
		args.In = r.out
	}
	require.Equal(t, whole, walked)

	args.In, args.Out = r.Arena.Put(le32(4)), nowhere
	r.wantCount(abi.ENOENT, 0, args)
}

// A bucket that does not fit is ENOSPC where it is the first one of the call; the cursor stays on it. Otherwise the
// call ends before it without an error.
func TestHashLookupBatchWithoutRoomForABucket(t *testing.T) {
	r := newRack(t, abi.Hash, abi.FlagZeroSeed)
	r.must(MapUpdateBatch{Keys: r.keys, Values: r.values, Count: 4, FD: r.fd})
	r.wantCount(abi.OK, 2, r.args(3))
	args := r.args(1)
	args.In = r.out
	bucket := r.word(r.out)
	for _, kind := range batchKinds[:2] {
		r.wantCount(abi.ENOSPC, 0, kind(args))
		require.Equal(t, bucket, r.word(r.out))
	}
	args.Count = 2
	r.wantCount(abi.ENOENT, 2, args)
}

// The kernel's buffers grow with the longest bucket.
func TestHashLookupBatchOfALongBucket(t *testing.T) {
	const length = 3 * firstBucketSize
	r := newRack(t, abi.Hash, 0)
	r.fd = r.must(MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 16, Flags: abi.FlagZeroSeed})
	file, _ := r.Process.Files.Get(r.fd)
	table := file.Map().Elements().(maps.Buckets)
	for key, n := uint32(0), 0; n < length; key++ {
		elem := MapLookupElem{FD: r.fd, Key: r.Arena.Put(le32(key)), Value: r.val}
		r.must(MapUpdateElem(elem))
		if table.NextBucket(new(maps.Task), 1) < table.Buckets() { // not in bucket 0
			r.must(MapDeleteElem{FD: r.fd, Key: elem.Key})
			continue
		}
		n++
	}
	r.wantCount(abi.ENOSPC, 0, r.args(length-1))
	r.wantCount(abi.ENOENT, length, MapLookupAndDeleteBatch(r.args(16)))
	r.wantCount(abi.ENOENT, 0, r.args(16))
}

// A removed bucket is gone even when its elements cannot be copied out.
func TestLookupAndDeleteBatchFaultLosesTheBucket(t *testing.T) {
	for _, bad := range []string{"keys", "values"} {
		r := newRack(t, abi.Hash, abi.FlagZeroSeed)
		r.must(MapUpdateBatch{Keys: r.keys, Values: r.values, Count: 4, FD: r.fd})
		args := r.args(4)
		if bad == "keys" {
			args.Keys = nowhere
		} else {
			args.Values = nowhere
		}
		r.wantCount(abi.EFAULT, 0, MapLookupAndDeleteBatch(args))
		r.want(abi.ENOENT, r.args(4))
		left := r.Attr().fields().u32(abi.BatchCount)
		require.Less(t, left, uint32(4))
		require.NotZero(t, left)
		r.wantCount(abi.ENOENT, left, MapLookupAndDeleteBatch(r.args(4)))
		r.wantCount(abi.ENOENT, 0, r.args(4))
	}
}

// Keys go out before values; the generic walk alternates (measured with pages without access).
func TestLookupBatchWritesUpToTheFault(t *testing.T) {
	r := newRack(t, abi.Array, 0)
	edge := place(r.Arena, 1<<40, []byte("......"))
	args := r.args(4)
	args.Keys = edge
	r.wantCount(abi.EFAULT, 0, args)
	require.Equal(t, "\x00\x00\x00\x00\x01\x00", string(r.Arena.Bytes(edge, 6)))
	require.Equal(t, "valuable", string(r.Arena.Bytes(r.values, 8)))
	require.Equal(t, make([]byte, 8), r.Arena.Bytes(r.values+8, 8))
	require.Equal(t, make([]byte, 4), r.Arena.Bytes(r.out, 4))
}

// A bucket's keys go out before its values (measured as above: buckets [0] [2] [3 1]).
func TestHashLookupBatchWritesUpToTheFault(t *testing.T) {
	for _, tt := range []struct{ room, values int }{{6, 1}, {8, 2}, {12, 2}} {
		r := newRack(t, abi.Hash, abi.FlagZeroSeed)
		r.Arena.Write(r.values, []byte("valuablevaluablevaluablevaluable"))
		r.must(MapUpdateBatch{Keys: r.keys, Values: r.values, Count: 4, FD: r.fd})
		r.Arena.Write(r.values, make([]byte, 32))
		args := r.args(4)
		args.Keys = place(r.Arena, 1<<40, make([]byte, tt.room))
		r.wantCount(abi.EFAULT, 0, args)
		want := append(bytes.Repeat([]byte("valuable"), tt.values), make([]byte, 32-8*tt.values)...)
		require.Equal(t, want, r.Arena.Bytes(r.values, 32))
		require.Equal(t, []byte{0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}[:tt.room], r.Arena.Bytes(args.Keys, tt.room))
	}
}

func TestLookupBatchBadOut(t *testing.T) {
	r := newRack(t, abi.Array, 0)
	args := r.args(2)
	args.Out = nowhere
	r.wantCount(abi.EFAULT, 2, args)
	r = newRack(t, abi.Hash, 0)
	args = r.args(4)
	args.Out = nowhere
	r.wantCount(abi.EFAULT, 0, args)
}

func TestArrayLookupBatchCursor(t *testing.T) {
	r := newRack(t, abi.Array, 0)
	r.wantCount(abi.OK, 4, r.args(4))
	require.Equal(t, uint32(3), r.word(r.out))
	args := r.args(4)
	args.In, args.Out = r.out, r.Arena.Put(le32(0xeeee))
	r.wantCount(abi.ENOENT, 0, args)
	require.Equal(t, uint32(0xeeee), r.word(args.Out), "nothing was read, and no cursor written")
	args.In = r.Arena.Put(le32(1))
	r.wantCount(abi.ENOENT, 2, args)
	require.Equal(t, append(le32(2), le32(3)...), r.Arena.Bytes(r.keys, 8))
	args.In = r.Arena.Put(le32(77))
	r.wantCount(abi.OK, 4, args)
	require.Equal(t, uint32(0), r.word(r.keys), "an index out of range starts again")
}

// An empty slot of an array of maps is no element, whether slots are read one by one or many in a step.
func TestLookupBatchLeavesEmptySlotsOut(t *testing.T) {
	for _, interrupted := range []func() bool{nil, func() bool { return false }} {
		w := newTwin(sweptSpec(abi.ArrayOfMaps, 4, 4))
		w.Process.Interrupted = interrupted
		w.insert(2, 1)
		copy(w.memory, make([]byte, 64))
		_, errno := w.Do(MapLookupBatch{FD: w.fd, Keys: twinMemory, Values: twinMemory + 32, Out: 2 * twinMemory, Count: 4})
		require.Equal(t, abi.ENOENT, errno)
		attr := w.Attr()
		require.Equal(t, uint32(1), attr.fields().u32(abi.BatchCount))
		require.Equal(t, le32(2), w.Arena.Bytes(twinMemory, 4))
	}
}

func TestUpdateAndDeleteBatchStopAtTheFirstError(t *testing.T) {
	r := newRack(t, abi.Hash, 0)
	r.wantCount(abi.E2BIG, 4, MapUpdateBatch(r.args(6)))
	args := r.args(3)
	args.Values = place(r.Arena, 1<<40, make([]byte, 20))
	r.wantCount(abi.EFAULT, 2, MapUpdateBatch(args))
	r.wantCount(abi.ENOENT, 4, MapDeleteBatch(r.args(6)))
	r.wantCount(abi.ENOENT, 0, MapDeleteBatch(r.args(1)))
}

// The count in a read-only attr is found out before anything happens (measured).
func TestBatchOfAReadOnlyAttr(t *testing.T) {
	for _, kind := range batchKinds {
		r := newRack(t, abi.Hash, 0)
		attr := kind(r.args(2)).Encode()
		copy(r.Arena.Map(1<<40, abi.AttrSize, false), attr[:])
		r.Arena.Write(r.keys, le32(1))
		_, errno := r.Kernel.Bpf(r.Task, r.Process, uint32(kind(MapLookupBatch{}).Cmd()), 1<<40, 56)
		require.Equal(t, abi.EFAULT, errno)
		r.wantCount(abi.ENOENT, 2, r.args(4))
	}
}
