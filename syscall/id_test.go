package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

func ids(k *Kernel) (ids []uint32) {
	for _, m := range k.Maps() {
		ids = append(ids, m.ID())
	}
	return ids
}

// Ids go up, and that of a freed map does not come back before the numbers run out.
func TestIDsAreCyclic(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	second := d.must(validCreate())
	d.close(second)
	third := d.must(validCreate())
	require.Equal(t, []uint32{1, 3}, ids(d.Kernel))
	d.Kernel.objects.last = maxID - 1
	d.must(validCreate())
	d.must(validCreate())
	require.Equal(t, []uint32{1, 2, 3, maxID}, ids(d.Kernel), "1 is taken, so 2 comes after the last")
	d.close(third)
	require.Equal(t, []uint32{1, 2, maxID}, ids(d.Kernel))
}

func TestMapGetNextID(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	d.must(validCreate())
	for start, want := range map[uint32]uint32{0: 1, 1: 2} {
		d.must(MapGetNextID{StartID: start, NextID: 77})
		require.Equal(t, want, d.Attr().fields().u32(abi.IDNext))
	}
	d.want(abi.ENOENT, MapGetNextID{StartID: 2, NextID: 77})
	require.Equal(t, uint32(77), d.Attr().fields().u32(abi.IDNext), "left alone")
	d.want(abi.ENOENT, MapGetNextID{StartID: 0x7ffffffe})
	d.want(abi.EINVAL, MapGetNextID{StartID: 0x7fffffff})
	d.want(abi.EINVAL, MapGetNextID{StartID: 0xffffffff})

	d.Arena.Map(1<<40, 8, false)
	_, errno := d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapGetNextID), 1<<40, 8)
	require.Equal(t, abi.EFAULT, errno)
}

func TestMapGetFDByID(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	for _, tt := range []struct {
		args MapGetFDByID
		want abi.Errno
	}{
		{MapGetFDByID{ID: 1}, abi.OK},
		{MapGetFDByID{ID: 1, NextID: 5}, abi.OK},
		{MapGetFDByID{ID: 1, OpenFlags: abi.FlagReadOnly}, abi.OK},
		{MapGetFDByID{ID: 1, OpenFlags: abi.FlagWriteOnly}, abi.OK},
		{MapGetFDByID{ID: 1, OpenFlags: accessFlags}, abi.EINVAL},
		{MapGetFDByID{ID: 1, OpenFlags: 1}, abi.EINVAL},
		{MapGetFDByID{ID: 0}, abi.ENOENT},
		{MapGetFDByID{ID: 2}, abi.ENOENT},
		{MapGetFDByID{ID: 0xffffffff}, abi.ENOENT},
	} {
		d.want(tt.want, tt.args)
	}
}

// A map lives as long as an fd or a pin refers to it.
func TestMapIsFreedWithItsLastReference(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	files, tree := d.Process.Files.(*FDTable), d.Process.FS.(*FileTree)
	d.close(d.withAccess(0))
	d.close(3) // newDesk's second fd is 4
	d.must(ObjPin{FD: 4, Pathname: d.Arena.Put([]byte(BPFFS + "/m\x00"))})
	d.close(4)
	d.want(abi.OK, MapGetFDByID{ID: 1})
	files.CloseAll()
	require.Equal(t, []uint32{1}, ids(d.Kernel))
	require.Equal(t, abi.OK, tree.Unlink(BPFFS+"/m"))
	d.want(abi.ENOENT, MapGetFDByID{ID: 1})
	require.Empty(t, ids(d.Kernel))
}

func TestMapWithoutFreeFDIsFreed(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	d.Process.Files.(*FDTable).SetLimit(5)
	d.want(abi.EMFILE, validCreate())
	d.want(abi.EMFILE, MapGetFDByID{ID: 1})
	require.Equal(t, []uint32{1}, ids(d.Kernel))
}
