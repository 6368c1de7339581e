package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// outers makes maps of maps and changes them.
type outers struct {
	*Caller
	t     *testing.T
	inner int32
}

func newOuters(t *testing.T) *outers {
	o := &outers{Caller: NewCaller(NewKernel(Options{CPUs: 2})), t: t}
	o.inner = o.create(MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4}, abi.OK)
	return o
}

func (o *outers) create(args MapCreate, want abi.Errno) int32 {
	fd, errno := o.Do(args)
	require.Equal(o.t, want, errno, "%+v", args)
	return fd
}

func (o *outers) outer(typ abi.MapType, inner int32, want abi.Errno) int32 {
	return o.create(MapCreate{Type: typ, KeySize: 4, ValueSize: 4, MaxEntries: 4, InnerMapFD: inner}, want)
}

func (o *outers) word(v uint32) uint64 { return o.Arena.Put(binary.LittleEndian.AppendUint32(nil, v)) }

func (o *outers) put(outer int32, key uint32, inner int32, flags uint64) abi.Errno {
	_, errno := o.Do(MapUpdateElem{FD: outer, Key: o.word(key), Value: o.word(uint32(inner)), Flags: flags})
	return errno
}

func (o *outers) get(outer int32, key uint32) (uint32, abi.Errno) {
	at := o.word(0)
	_, errno := o.Do(MapLookupElem{FD: outer, Key: o.word(key), Value: at})
	return binary.LittleEndian.Uint32(o.Arena.Bytes(at, 4)), errno
}

// alive reports whether a map has that id.
func (o *outers) alive(id uint32) bool {
	fd, errno := o.Do(MapGetFDByID{ID: id})
	if errno == abi.OK {
		o.Process.Files.(*FDTable).Close(fd)
	}
	return errno == abi.OK
}

// Errnos measured on Linux 6.18.
func TestInnerMapRules(t *testing.T) {
	o := newOuters(t)
	exclusive := MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 16, MaxEntries: 4}
	exclusive.ExclProgHash, exclusive.ExclProgHashSize = o.Arena.Alloc(32), 32
	single := o.create(exclusive, abi.OK)
	for _, typ := range []abi.MapType{abi.ArrayOfMaps, abi.HashOfMaps} {
		o.outer(typ, 77, abi.EBADF)
		o.outer(typ, 0, abi.EINVAL)
		o.outer(typ, single, abi.ENOTSUPP)
		outer := o.outer(typ, o.inner, abi.OK)
		o.outer(abi.ArrayOfMaps, outer, abi.EINVAL)
		require.Equal(t, abi.EBADF, o.put(outer, 1, 77, abi.Any))
		require.Equal(t, abi.EINVAL, o.put(outer, 1, outer, abi.Any))
		require.Equal(t, abi.ENOTSUPP, o.put(outer, 1, single, abi.Any), "before the shape")
		other := o.create(MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 5}, abi.OK)
		require.Equal(t, abi.EINVAL, o.put(outer, 1, other, abi.Any))
		frozen := o.create(MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: abi.FlagReadOnly}, abi.OK)
		require.Equal(t, abi.OK, o.put(outer, 1, frozen, abi.Any))
	}
	array := o.outer(abi.ArrayOfMaps, o.inner, abi.OK)
	require.Equal(t, abi.EINVAL, o.put(array, 9, 77, abi.Exist))
	require.Equal(t, abi.E2BIG, o.put(array, 9, 77, abi.Any))
	hash := o.outer(abi.HashOfMaps, o.inner, abi.OK)
	require.Equal(t, abi.EBADF, o.put(hash, 9, 77, 8))
	require.Equal(t, abi.EINVAL, o.put(hash, 9, o.inner, 8))
	require.Equal(t, abi.ENOENT, o.put(hash, 9, o.inner, abi.Exist))
}

// An inner map lives as long as an outer one has it, and no longer.
func TestInnerMapLives(t *testing.T) {
	for _, typ := range []abi.MapType{abi.ArrayOfMaps, abi.HashOfMaps} {
		o := newOuters(t)
		files := o.Process.Files.(*FDTable)
		outer := o.outer(typ, o.inner, abi.OK)
		made := func(key uint32) (id uint32) {
			inner := o.create(MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4}, abi.OK)
			require.Equal(t, abi.OK, o.put(outer, key, inner, abi.Any))
			files.Close(inner)
			id, errno := o.get(outer, key)
			require.Equal(t, abi.OK, errno)
			require.True(t, o.alive(id))
			return id
		}
		replaced, deleted, last := made(0), made(1), made(2)
		require.Equal(t, abi.OK, o.put(outer, 0, o.inner, abi.Any))
		require.False(t, o.alive(replaced))
		_, errno := o.Do(MapDeleteElem{FD: outer, Key: o.word(1)})
		require.Equal(t, abi.OK, errno)
		require.False(t, o.alive(deleted))
		require.True(t, o.alive(last))
		files.Close(outer)
		require.False(t, o.alive(last))
		require.Len(t, o.Kernel.Maps(), 1)
	}
}

// What leaves a map of maps many at a time lets go of its inner maps too.
func TestInnerMapsLeaveTogether(t *testing.T) {
	for _, take := range []func(o *outers, outer int32, out uint64) Args{
		func(_ *outers, outer int32, out uint64) Args {
			return MapLookupAndDeleteBatch{FD: outer, Out: out, Keys: out + 64, Values: out + 128, Count: 4}
		},
		func(o *outers, outer int32, out uint64) Args {
			return MapDumpAndDelete{FD: outer, Buf: out, BufLen: o.word(64)}
		},
	} {
		o := newOuters(t)
		outer := o.outer(abi.HashOfMaps, o.inner, abi.OK)
		require.Equal(t, abi.OK, o.put(outer, 1, o.inner, abi.Any))
		id, errno := o.get(outer, 1)
		require.Equal(t, abi.OK, errno)
		o.Process.Files.(*FDTable).Close(o.inner)
		require.True(t, o.alive(id))
		o.Do(take(o, outer, o.Arena.Put(make([]byte, 256))))
		require.False(t, o.alive(id))
	}
}

// A map that a full one does not take is not kept.
func TestInnerMapNotTaken(t *testing.T) {
	o := newOuters(t)
	outer := o.outer(abi.HashOfMaps, o.inner, abi.OK)
	for key := range uint32(4) {
		require.Equal(t, abi.OK, o.put(outer, key, o.inner, abi.Any))
	}
	inner := o.create(MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4}, abi.OK)
	require.Equal(t, abi.E2BIG, o.put(outer, 4, inner, abi.Any))
	o.Process.Files.(*FDTable).Close(inner)
	require.Len(t, o.Kernel.Maps(), 2)
}

// A walk passes over empty slots, the dump of an ARRAY_OF_MAPS too.
func TestEmptySlotsArePassedOver(t *testing.T) {
	o := newOuters(t)
	outer := o.outer(abi.ArrayOfMaps, o.inner, abi.OK)
	require.Equal(t, abi.OK, o.put(outer, 2, o.inner, abi.Any))
	id, _ := o.get(outer, 2)
	buf, room := o.Arena.Alloc(64), o.word(64)
	_, errno := o.Do(MapDump{FD: outer, Buf: buf, BufLen: room})
	require.Equal(t, abi.OK, errno)
	want := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 2), id)
	require.Equal(t, uint32(8), binary.LittleEndian.Uint32(o.Arena.Bytes(room, 4)))
	require.Equal(t, want, o.Arena.Bytes(buf, 8))

	keys, values, cursor := o.Arena.Alloc(64), o.Arena.Alloc(64), o.Arena.Alloc(4)
	_, errno = o.Do(MapLookupBatch{FD: outer, Keys: keys, Values: values, Out: cursor, Count: 4})
	require.Equal(t, abi.ENOENT, errno)
	require.Equal(t, want[:4], o.Arena.Bytes(keys, 4))
	require.Equal(t, want[4:], o.Arena.Bytes(values, 4))
	require.Equal(t, []byte{3, 0, 0, 0}, o.Arena.Bytes(cursor, 4), "the last slot that it came to")
}
