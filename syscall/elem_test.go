package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// desk is a caller with maps of 4-byte keys and 8-byte values and with memory to point at.
type desk struct {
	*Caller
	t        *testing.T
	fd       int32  // of the map
	key, val uint64 // addresses of a present key and of room for a value
	absent   uint64 // address of an absent key
}

const nowhere = 1 // an address that is never mapped

func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// newDesk makes a map of the type with two elements and room for four; keys 0 and 1 are present.
func newDesk(t *testing.T, typ abi.MapType, flags uint32) *desk {
	t.Helper()
	c := NewCaller(NewKernel(Options{CPUs: 2}))
	d := &desk{Caller: c, t: t}
	args := MapCreate{Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: flags}
	d.key, d.absent, d.val = c.Arena.Put(le32(1)), c.Arena.Put(le32(99)), c.Arena.Put([]byte("valuable"))
	keys := []uint64{c.Arena.Put(le32(0)), d.key}
	if typ == abi.Queue || typ == abi.Stack {
		args.KeySize, d.key, d.absent, keys = 0, 0, 0, []uint64{0, 0}
	}
	d.fd = d.must(args)
	full := d.withAccess(0)
	for _, key := range keys {
		d.must(MapUpdateElem{FD: full, Key: key, Value: d.val})
	}
	return d
}

// must makes a call that cannot fail.
func (d *desk) must(args Args) int32 {
	d.t.Helper()
	ret, errno := d.Do(args)
	require.Equal(d.t, abi.OK, errno, "%#v", args)
	return ret
}

// want makes a call and checks its errno.
func (d *desk) want(errno abi.Errno, args Args) {
	d.t.Helper()
	_, got := d.Do(args)
	require.Equal(d.t, errno, got, "%#v", args)
}

// withAccess opens the desk's map, whose id is 1, once more.
func (d *desk) withAccess(flags uint32) int32 {
	d.t.Helper()
	return d.must(MapGetFDByID{ID: 1, OpenFlags: flags})
}

func (d *desk) close(fd int32) { require.Equal(d.t, abi.OK, d.Process.Files.(*FDTable).Close(fd)) }

var allTypes = []abi.MapType{abi.Hash, abi.LRUHash, abi.Array, abi.Queue, abi.Stack}

func forAllTypes(t *testing.T, test func(t *testing.T, d *desk)) {
	for _, typ := range allTypes {
		t.Run(typ.String(), func(t *testing.T) { test(t, newDesk(t, typ, 0)) })
	}
}

// Each row breaks several things at once; the errno tells which the kernel looks at first (measured on 6.18).
func TestLookupOrderOfChecks(t *testing.T) {
	forAllTypes(t, func(t *testing.T, d *desk) {
		writeOnly := d.withAccess(abi.FlagWriteOnly)
		d.want(abi.EINVAL, MapLookupElem{FD: 9999, Key: nowhere, Flags: 8})
		d.want(abi.EINVAL, MapLookupElem{FD: writeOnly, Key: nowhere, Flags: 1})
		d.want(abi.EBADF, MapLookupElem{FD: 9999, Key: nowhere, Flags: abi.Lock})
		d.want(abi.EBADF, MapLookupElem{FD: -1, Key: nowhere})
		d.want(abi.EINVAL, MapLookupElem{FD: 0, Key: nowhere})
		d.want(abi.EPERM, MapLookupElem{FD: writeOnly, Key: nowhere, Flags: abi.Lock})
		d.want(abi.EINVAL, MapLookupElem{FD: d.fd, Key: nowhere, Flags: abi.Lock})
		d.want(abi.OK, MapLookupElem{FD: d.fd, Key: d.key, Value: d.val})
		d.want(abi.EFAULT, MapLookupElem{FD: d.fd, Key: d.key, Value: nowhere})
	})
}

func TestUpdateOrderOfChecks(t *testing.T) {
	forAllTypes(t, func(t *testing.T, d *desk) {
		readOnly := d.withAccess(abi.FlagReadOnly)
		d.want(abi.EBADF, MapUpdateElem{FD: 9999, Key: nowhere, Flags: 1 << 40})
		d.want(abi.EPERM, MapUpdateElem{FD: readOnly, Key: nowhere, Flags: abi.Lock})
		d.want(abi.EINVAL, MapUpdateElem{FD: d.fd, Key: nowhere, Flags: abi.Lock})
		d.want(abi.EFAULT, MapUpdateElem{FD: d.fd, Key: d.key, Value: nowhere, Flags: 3})
		d.want(abi.EINVAL, MapUpdateElem{FD: d.fd, Key: d.key, Value: d.val, Flags: 3})
		d.want(abi.EINVAL, MapUpdateElem{FD: d.fd, Key: d.key, Value: d.val, Flags: 1 << 32})
		d.must(MapFreeze{FD: d.fd})
		d.want(abi.EPERM, MapUpdateElem{FD: d.fd, Key: nowhere, Flags: abi.Lock})
	})
}

func TestDeleteOrderOfChecks(t *testing.T) {
	forAllTypes(t, func(t *testing.T, d *desk) {
		d.want(abi.EBADF, MapDeleteElem{FD: 9999, Key: nowhere})
		d.want(abi.EPERM, MapDeleteElem{FD: d.withAccess(abi.FlagReadOnly), Key: nowhere})
		d.must(MapFreeze{FD: d.fd})
		d.want(abi.EPERM, MapDeleteElem{FD: d.fd, Key: nowhere})
	})
}

func TestLookupAndDeleteOrderOfChecks(t *testing.T) {
	forAllTypes(t, func(t *testing.T, d *desk) {
		d.want(abi.EINVAL, MapLookupAndDeleteElem{FD: 9999, Key: nowhere, Flags: 1})
		d.want(abi.EBADF, MapLookupAndDeleteElem{FD: 9999, Key: nowhere, Flags: abi.Lock})
		d.want(abi.EPERM, MapLookupAndDeleteElem{FD: d.withAccess(abi.FlagReadOnly), Key: nowhere, Flags: abi.Lock})
		d.want(abi.EPERM, MapLookupAndDeleteElem{FD: d.withAccess(abi.FlagWriteOnly), Key: nowhere, Flags: abi.Lock})
		d.want(abi.EINVAL, MapLookupAndDeleteElem{FD: d.fd, Key: nowhere, Flags: abi.Lock})
		d.must(MapFreeze{FD: d.fd})
		d.want(abi.EPERM, MapLookupAndDeleteElem{FD: d.fd, Key: nowhere, Flags: abi.Lock})
	})
}

func TestGetNextKeyOrderOfChecks(t *testing.T) {
	forAllTypes(t, func(t *testing.T, d *desk) {
		d.want(abi.EBADF, MapGetNextKey{FD: 9999, Key: nowhere})
		d.want(abi.EPERM, MapGetNextKey{FD: d.withAccess(abi.FlagWriteOnly), Key: nowhere})
	})
}

// Keys: types with keys read them (EFAULT), types without refuse an address (EINVAL).
func TestKeyAddresses(t *testing.T) {
	forAllTypes(t, func(t *testing.T, d *desk) {
		want, null := abi.EFAULT, abi.EFAULT
		if d.key == 0 {
			want, null = abi.EINVAL, abi.OK
		}
		for _, args := range []Args{
			MapLookupElem{FD: d.fd, Key: nowhere, Value: d.val}, MapUpdateElem{FD: d.fd, Key: nowhere, Value: nowhere},
			MapDeleteElem{FD: d.fd, Key: nowhere}, MapGetNextKey{FD: d.fd, Key: nowhere, NextKey: nowhere},
			MapLookupAndDeleteElem{FD: d.fd, Key: nowhere, Value: d.val},
		} {
			d.want(want, args)
		}
		d.want(null, MapLookupElem{FD: d.fd, Value: d.val})
		d.want(null, MapUpdateElem{FD: d.fd, Value: d.val})
	})
}

func TestOperationsOfEachType(t *testing.T) {
	const no = abi.ENOTSUPP
	for _, tt := range []struct {
		typ                                               abi.MapType
		lookupAbsent, deleteAbsent, takeAbsent, nextFirst abi.Errno
	}{
		{abi.Hash, abi.ENOENT, abi.ENOENT, abi.ENOENT, abi.OK},
		{abi.LRUHash, abi.ENOENT, abi.ENOENT, abi.ENOENT, abi.OK},
		{abi.Array, abi.ENOENT, abi.EINVAL, no, abi.OK},
		{abi.Queue, abi.OK, abi.EINVAL, abi.OK, abi.EINVAL},
		{abi.Stack, abi.OK, abi.EINVAL, abi.OK, abi.EINVAL},
	} {
		t.Run(tt.typ.String(), func(t *testing.T) {
			d := newDesk(t, tt.typ, 0)
			d.want(tt.lookupAbsent, MapLookupElem{FD: d.fd, Key: d.absent, Value: d.val})
			d.want(tt.deleteAbsent, MapDeleteElem{FD: d.fd, Key: d.absent})
			d.want(tt.nextFirst, MapGetNextKey{FD: d.fd, NextKey: d.val})
			d.want(tt.takeAbsent, MapLookupAndDeleteElem{FD: d.fd, Key: d.absent, Value: d.val})
		})
	}
}

// An absent key is ENOENT before the address of the value matters.
func TestBadValueAddressOfAnAbsentKey(t *testing.T) {
	for _, typ := range []abi.MapType{abi.Hash, abi.LRUHash, abi.Array} {
		d := newDesk(t, typ, 0)
		d.want(abi.ENOENT, MapLookupElem{FD: d.fd, Key: d.absent, Value: nowhere})
	}
}

// A value that cannot be copied out has left the map all the same.
func TestLookupAndDeleteLosesTheElementOnFault(t *testing.T) {
	for _, typ := range []abi.MapType{abi.Hash, abi.LRUHash} {
		d := newDesk(t, typ, 0)
		d.want(abi.EFAULT, MapLookupAndDeleteElem{FD: d.fd, Key: d.key, Value: nowhere})
		d.want(abi.ENOENT, MapLookupElem{FD: d.fd, Key: d.key, Value: d.val})
	}
	d := newDesk(t, abi.Queue, 0)
	d.want(abi.EFAULT, MapLookupAndDeleteElem{FD: d.fd, Value: nowhere})
	d.must(MapLookupAndDeleteElem{FD: d.fd, Value: d.val})
	d.want(abi.ENOENT, MapLookupAndDeleteElem{FD: d.fd, Value: d.val})
}

// The bytes before the fault stay written, and nothing is written behind the value.
func TestLookupWritesUpToTheFault(t *testing.T) {
	d := newDesk(t, abi.Array, 0)
	edge := place(d.Arena, 1<<40, []byte("......"))
	d.want(abi.EFAULT, MapLookupElem{FD: d.fd, Key: d.key, Value: edge})
	require.Equal(t, "valuab", string(d.Arena.Bytes(edge, 6)))
	room := d.Arena.Put([]byte("................"))
	d.must(MapLookupElem{FD: d.fd, Key: d.key, Value: room})
	require.Equal(t, "valuable........", string(d.Arena.Bytes(room, 16)))
}

func TestKeyAndValueMayShareMemory(t *testing.T) {
	d := newDesk(t, abi.Array, 0)
	both := d.Arena.Put(append(le32(1), "...."...))
	d.must(MapLookupElem{FD: d.fd, Key: both, Value: both})
	require.Equal(t, "valuable", string(d.Arena.Bytes(both, 8)))
	cursor := d.Arena.Put(le32(0))
	d.must(MapGetNextKey{FD: d.fd, Key: cursor, NextKey: cursor})
	require.Equal(t, le32(1), d.Arena.Bytes(cursor, 4))
}

func TestFreeze(t *testing.T) {
	forAllTypes(t, func(t *testing.T, d *desk) {
		d.want(abi.EBADF, MapFreeze{FD: 9999})
		d.want(abi.EINVAL, MapFreeze{FD: 0})
		d.want(abi.EPERM, MapFreeze{FD: d.withAccess(abi.FlagReadOnly)})
		d.must(MapFreeze{FD: d.withAccess(abi.FlagWriteOnly)})
		d.want(abi.EPERM, MapFreeze{FD: d.fd})
		d.must(MapLookupElem{FD: d.fd, Key: d.key, Value: d.val})
		d.want(abi.EPERM, MapUpdateElem{FD: d.withAccess(0), Key: d.key, Value: d.val})
	})
}

func TestFreezeWaitsForWriters(t *testing.T) {
	d := newDesk(t, abi.Array, abi.FlagMmapable)
	file, _ := d.Process.Files.Get(d.fd)
	file.Map().BeginWrite()
	d.want(abi.EBUSY, MapFreeze{FD: d.fd})
	file.Map().EndWrite()
	d.must(MapFreeze{FD: d.fd})
}
