package bpfsys

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/stretchr/testify/require"
)

// lockBTF is a value of 8 bytes with a number and a lock behind it.
func lockBTF() []byte {
	var b btf.Builder
	i := b.Int("int", 4)
	lock := b.Struct("bpf_spin_lock", 4, btf.Member{Name: "val", Type: i})
	b.Struct("value", 8, btf.Member{Name: "n", Type: i}, btf.Member{Name: "lock", Type: lock, Offset: 4})
	return b.Bytes()
}

// The dump commands, which no kernel has, treat the lock as the mail says: it is refused where values have none, and
// never shown.
func TestDumpOfLocks(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Hash, abi.Array} {
		c := NewCaller(NewKernel(Options{}))
		data := lockBTF()
		types, errno := c.Do(BTFLoad{Data: c.Arena.Put(data), Size: uint32(len(data))})
		require.Equal(t, abi.OK, errno)
		create := MapCreate{Type: kind, KeySize: 4, ValueSize: 8, MaxEntries: 1, BTFFD: types, BTFKeyType: 1, BTFValueType: 3}
		fd, errno := c.Do(create)
		require.Equal(t, abi.OK, errno)
		key, value := c.Arena.Alloc(4), c.Arena.Put([]byte{1, 2, 3, 4, 5, 6, 7, 8})
		_, errno = c.Do(MapUpdateElem{FD: fd, Key: key, Value: value, Flags: abi.Lock})
		require.Equal(t, abi.OK, errno)

		for _, flags := range []uint64{0, abi.Lock} {
			buf, size := c.Arena.Alloc(12), c.Arena.Put([]byte{12, 0, 0, 0})
			_, errno = c.Do(MapDumpJuly{FD: fd, Buf: buf, BufLen: size, Flags: flags})
			require.Equal(t, abi.OK, errno, kind)
			require.Equal(t, []byte{0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0}, c.Arena.Bytes(buf, 12), kind)
		}
		create.BTFFD, create.BTFKeyType, create.BTFValueType = 0, 0, 0
		plain, errno := c.Do(create)
		require.Equal(t, abi.OK, errno)
		_, errno = c.Do(MapDumpJuly{FD: plain, Buf: key, BufLen: key, Flags: abi.Lock})
		require.Equal(t, abi.EINVAL, errno)
	}
}

// What a program writes over a lock is shown to nobody: neither where the value stays nor where it leaves.
func TestLocksAreNotShown(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	data := lockBTF()
	types, errno := c.Do(BTFLoad{Data: c.Arena.Put(data), Size: uint32(len(data))})
	require.Equal(t, abi.OK, errno)
	fd, errno := c.Do(MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4, BTFFD: types, BTFKeyType: 1, BTFValueType: 3})
	require.Equal(t, abi.OK, errno)
	key, value := c.Arena.Alloc(4), c.Arena.Put([]byte{1, 2, 3, 4, 0, 0, 0, 0})
	for _, read := range []Args{
		MapLookupElem{FD: fd, Key: key, Value: value}, MapLookupBatch{FD: fd, Keys: key, Values: value, Out: c.Arena.Alloc(4), Count: 1},
		MapLookupAndDeleteElem{FD: fd, Key: key, Value: value},
		MapLookupAndDeleteBatch{FD: fd, Keys: key, Values: value, Out: c.Arena.Alloc(4), Count: 1},
	} {
		_, errno = c.Do(MapUpdateElem{FD: fd, Key: key, Value: value})
		require.Equal(t, abi.OK, errno)
		live, found := Helpers{Task: c.Task}.Lookup(c.Kernel.Maps()[0].Elements(), make([]byte, 4))
		require.True(t, found)
		live.Store(c.Task, 0, 0xffff_ffff_0403_0201)
		_, errno = c.Do(read)
		require.Contains(t, []abi.Errno{abi.OK, abi.ENOENT}, errno)
		require.Equal(t, []byte{1, 2, 3, 4, 0, 0, 0, 0}, c.Arena.Bytes(value, 8), "%#v", read)
	}
}

// A map holds its BTF: closing the fd of the BTF frees it only when the map is gone, too.
func TestMapHoldsBTF(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	files := c.Process.Files.(*FDTable)
	data := lockBTF()
	types, errno := c.Do(BTFLoad{Data: c.Arena.Put(data), Size: uint32(len(data))})
	require.Equal(t, abi.OK, errno)
	fd, errno := c.Do(MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1, BTFFD: types, BTFKeyType: 1, BTFValueType: 3})
	require.Equal(t, abi.OK, errno)
	require.Equal(t, abi.OK, files.Close(types))
	require.Len(t, c.Kernel.BTFs(), 1)
	again, errno := c.Do(BTFGetFDByID{ID: c.Kernel.BTFs()[0].ID()})
	require.Equal(t, abi.OK, errno)
	require.Equal(t, abi.OK, files.Close(fd))
	require.Len(t, c.Kernel.BTFs(), 1)
	require.Equal(t, abi.OK, files.Close(again))
	require.Empty(t, c.Kernel.BTFs())
}

// A map of maps holds the BTF of the map that its inner ones are like, in the place of that map; one that is refused does not.
func TestOuterMapHoldsBTF(t *testing.T) {
	for _, kind := range []abi.MapType{abi.ArrayOfMaps, abi.HashOfMaps} {
		c := NewCaller(NewKernel(Options{Memory: 1 << 20}))
		files := c.Process.Files.(*FDTable)
		data := lockBTF()
		types, errno := c.Do(BTFLoad{Data: c.Arena.Put(data), Size: uint32(len(data))})
		require.Equal(t, abi.OK, errno)
		inner, errno := c.Do(MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1, BTFFD: types, BTFKeyType: 1, BTFValueType: 3})
		require.Equal(t, abi.OK, errno)
		create := MapCreate{Type: kind, KeySize: 4, ValueSize: 4, MaxEntries: 1, InnerMapFD: inner}
		outer, errno := c.Do(create)
		require.Equal(t, abi.OK, errno)
		large, badName := create, create
		large.MaxEntries = 1 << 20
		_, errno = c.Do(large)
		require.Equal(t, abi.ENOMEM, errno)
		badName.Name[0] = '/'
		_, errno = c.Do(badName)
		require.Equal(t, abi.EINVAL, errno)

		require.Equal(t, abi.OK, files.Close(types))
		require.Equal(t, abi.OK, files.Close(inner))
		require.Len(t, c.Kernel.BTFs(), 1, kind)
		require.Equal(t, abi.OK, files.Close(outer))
		require.Empty(t, c.Kernel.BTFs(), kind)
	}
}

// A refused MapCreate holds nothing.
func TestRefusedMapHoldsNoBTF(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	data := lockBTF()
	types, errno := c.Do(BTFLoad{Data: c.Arena.Put(data), Size: uint32(len(data))})
	require.Equal(t, abi.OK, errno)
	create := MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1, BTFFD: types, BTFKeyType: 1, BTFValueType: 3}
	for _, change := range []func(*MapCreate){
		func(a *MapCreate) { a.BTFValueType = 9 },
		func(a *MapCreate) { a.ExclProgHash, a.ExclProgHashSize = nowhere, 32 },
		func(a *MapCreate) { a.Type, a.Flags, a.MaxEntries = abi.StackTrace, 0, 1 },
	} {
		args := create
		change(&args)
		_, errno = c.Do(args)
		require.NotEqual(t, abi.OK, errno)
	}
	require.Equal(t, abi.OK, c.Process.Files.(*FDTable).Close(types))
	require.Empty(t, c.Kernel.BTFs())
}

// BTF counts against the memory of all maps, until the last reference is gone.
func TestMemoryOfBTF(t *testing.T) {
	data := lockBTF()
	c := NewCaller(NewKernel(Options{Memory: btfMemory * uint64(len(data))}))
	load := BTFLoad{Data: c.Arena.Put(data), Size: uint32(len(data))}
	fd, errno := c.Do(load)
	require.Equal(t, abi.OK, errno)
	_, errno = c.Do(load)
	require.Equal(t, abi.ENOMEM, errno)
	require.Equal(t, abi.OK, c.Process.Files.(*FDTable).Close(fd))
	bad := load
	bad.Size--
	_, errno = c.Do(bad)
	require.Equal(t, abi.EINVAL, errno)
	_, errno = c.Do(load)
	require.Equal(t, abi.OK, errno)
}

// Locked copies of a value are whole, whoever else writes it at the same time.
func TestLockedCopiesAreWhole(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Hash, abi.Array} {
		var b btf.Builder
		i := b.Int("int", 4)
		lock := b.Struct("bpf_spin_lock", 4, btf.Member{Name: "val", Type: i})
		words := b.Add(btf.Array, "", 0, 0, i, i, 15)
		value := b.Struct("value", 64, btf.Member{Name: "words", Type: words}, btf.Member{Name: "lock", Type: lock, Offset: 60})
		data := b.Bytes()
		first := NewCaller(NewKernel(Options{CPUs: 2}))
		types, errno := first.Do(BTFLoad{Data: first.Arena.Put(data), Size: uint32(len(data))})
		require.Equal(t, abi.OK, errno)
		fd, errno := first.Do(MapCreate{Type: kind, KeySize: 4, ValueSize: 64, MaxEntries: 1, BTFFD: types, BTFKeyType: i, BTFValueType: value})
		require.Equal(t, abi.OK, errno)
		var done sync.WaitGroup
		var torn atomic.Int32
		for cpu := range 2 {
			c := NewCallerIn(first.Kernel, first.Process.Files.(*FDTable), NewFileTree())
			c.Task.CPU = cpu
			done.Go(func() {
				key, in, out := c.Arena.Alloc(4), c.Arena.Put(bytes.Repeat([]byte{byte(cpu + 1)}, 64)), c.Arena.Alloc(64)
				for range 2000 {
					_, wrote := c.Do(MapUpdateElem{FD: fd, Key: key, Value: in, Flags: abi.Lock})
					_, read := c.Do(MapLookupElem{FD: fd, Key: key, Value: out, Flags: abi.Lock})
					got := c.Arena.Bytes(out, 60)
					if wrote != abi.OK || read != abi.OK || !bytes.Equal(bytes.Repeat(got[:1], 60), got) {
						torn.Add(1)
					}
				}
			})
		}
		done.Wait()
		require.Zero(t, torn.Load(), kind)
	}
}
