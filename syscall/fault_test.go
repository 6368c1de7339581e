package bpfsys_test

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// faulty is a caller with a map "ct", to whose calls of cmd f happens, and the names that attempts had.
func faulty(t *testing.T, cmd abi.Cmd, f bpfsys.Fault) (c *bpfsys.Caller, fd int32, names *[]string) {
	names = &[]string{}
	c = bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{Fault: func(a bpfsys.Attempt) bpfsys.Fault {
		*names = append(*names, a.Cmd.String()+" "+a.Name)
		if a.Cmd == cmd {
			return f
		}
		return bpfsys.Fault{}
	}}))
	fd, errno := c.Do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 8, Name: bpfsys.NameOf("ct")})
	require.Equal(t, abi.OK, errno)
	return c, fd, names
}

func TestFaultComesBeforeTheCall(t *testing.T) {
	c, fd, names := faulty(t, abi.MapUpdateElem, bpfsys.Fault{Errno: abi.ENOMEM})
	key, value := c.Arena.Put(make([]byte, 4)), c.Arena.Put(make([]byte, 4))
	_, errno := c.Do(bpfsys.MapUpdateElem{FD: fd, Key: key, Value: value})
	require.Equal(t, abi.ENOMEM, errno)
	_, errno = c.Do(bpfsys.MapLookupElem{FD: fd, Key: key, Value: value})
	require.Equal(t, abi.ENOENT, errno, "the update has not happened")
	_, errno = c.Do(bpfsys.MapFreeze{FD: 77})
	require.Equal(t, abi.EBADF, errno)
	require.Equal(t, []string{"BPF_MAP_CREATE ct", "BPF_MAP_UPDATE_ELEM ct", "BPF_MAP_LOOKUP_ELEM ct", "BPF_MAP_FREEZE "}, *names)
}

func TestFaultEndsABatchHalfWay(t *testing.T) {
	c, fd, _ := faulty(t, abi.MapUpdateBatch, bpfsys.Fault{Errno: abi.EINTR, After: 2})
	batch := bpfsys.MapUpdateBatch{FD: fd, Keys: c.Arena.Put(fourKeys()), Values: c.Arena.Put(make([]byte, 16)), Count: 4}
	_, errno := c.Do(batch)
	require.Equal(t, abi.EINTR, errno)
	batch.Decode(c.Attr()[:])
	require.EqualValues(t, 2, batch.Count, "elements done, as the caller reads it")
	for i := range uint64(4) {
		_, errno := c.Do(bpfsys.MapLookupElem{FD: fd, Key: batch.Keys + 4*i, Value: c.Arena.Put(make([]byte, 4))})
		require.Equal(t, i < 2, errno == abi.OK, "key %d", i)
	}
}

func fourKeys() (keys []byte) {
	for i := range uint32(4) {
		keys = binary.LittleEndian.AppendUint32(keys, i)
	}
	return keys
}

// What a batch finds wrong by itself, before as many elements, is its answer.
func TestBatchFailsByItself(t *testing.T) {
	c, fd, _ := faulty(t, abi.MapDeleteBatch, bpfsys.Fault{Errno: abi.EINTR, After: 2})
	_, errno := c.Do(bpfsys.MapDeleteBatch{FD: fd, Keys: c.Arena.Put(fourKeys()), Count: 4})
	require.Equal(t, abi.ENOENT, errno)
}

func TestFaultDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, fd, _ := faulty(t, abi.MapFreeze, bpfsys.Fault{Delay: time.Hour})
		before := time.Now()
		_, errno := c.Do(bpfsys.MapFreeze{FD: fd})
		require.Equal(t, abi.OK, errno)
		require.Equal(t, time.Hour, time.Since(before))
	})
}
