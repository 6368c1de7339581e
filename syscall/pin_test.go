package bpfsys

import (
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

func (d *desk) path(name string) uint64 { return d.Arena.Put([]byte(name + "\x00")) }

// tree makes the files of the tables below: a pin x, a directory d with a pin w, and a file outside the bpffs.
func (d *desk) tree() *FileTree {
	tree := d.Process.FS.(*FileTree)
	require.Equal(d.t, abi.OK, tree.Mkdir(BPFFS+"/d"))
	require.Equal(d.t, abi.OK, tree.Create("/tmp/file"))
	d.must(ObjPin{FD: d.fd, Pathname: d.path(BPFFS + "/x")})
	d.must(ObjPin{FD: d.fd, Pathname: d.path(BPFFS + "/d/w")})
	return tree
}

// Measured on Linux 6.18 with a bpffs of its own.
func TestObjPinPaths(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, tt := range []struct {
		path string
		want abi.Errno
	}{
		{BPFFS + "/new", abi.OK},
		{BPFFS + "/d/../z", abi.OK},
		{BPFFS + "//d/./v", abi.OK},
		{BPFFS + "/" + long[:255], abi.OK},
		{BPFFS + "/x", abi.EEXIST},
		{BPFFS + "/x/", abi.EEXIST},
		{BPFFS + "/d", abi.EEXIST},
		{BPFFS + "/d/", abi.EEXIST},
		{BPFFS + "/.", abi.EEXIST},
		{BPFFS + "/d/..", abi.EEXIST},
		{BPFFS, abi.EEXIST},
		{"/", abi.EEXIST},
		{"/tmp/file", abi.EEXIST},
		{BPFFS + "/new/", abi.ENOENT},
		{BPFFS + "/q/r", abi.ENOENT},
		{"/nodir/x", abi.ENOENT},
		{"/tmp/new/", abi.ENOENT},
		{"", abi.ENOENT},
		{BPFFS + "/x/y", abi.ENOTDIR},
		{"/tmp/file/x", abi.ENOTDIR},
		{BPFFS + "/a.b", abi.EPERM},
		{BPFFS + "/a.b/c", abi.EPERM},
		{BPFFS + "/d.", abi.EPERM},
		{"/tmp/new", abi.EPERM},
		{"/tmp/new.x", abi.EPERM},
		{"rel", abi.EPERM},
		{BPFFS + "/" + long, abi.ENAMETOOLONG},
		{BPFFS + "/" + long + "/x", abi.ENAMETOOLONG},
		{strings.Repeat("/", 4096), abi.ENAMETOOLONG},
	} {
		d := newDesk(t, abi.Hash, 0)
		d.tree()
		_, errno := d.Do(ObjPin{FD: d.fd, Pathname: d.path(tt.path)})
		require.Equal(t, tt.want, errno, "%s", tt.path)
	}
}

func TestObjGetPaths(t *testing.T) {
	for _, tt := range []struct {
		path string
		want abi.Errno
	}{
		{BPFFS + "/x", abi.OK},
		{BPFFS + "/d/w", abi.OK},
		{BPFFS + "/d/../x", abi.OK},
		{BPFFS + "/x/", abi.ENOTDIR},
		{BPFFS + "/x/y", abi.ENOTDIR},
		{BPFFS + "/x/..", abi.ENOTDIR},
		{"/tmp/file/", abi.ENOTDIR},
		{"/tmp/file/x", abi.ENOTDIR},
		{BPFFS + "/a.b", abi.EPERM},
		{BPFFS + "/a.b/c", abi.EPERM},
		{BPFFS + "/.", abi.EACCES},
		{BPFFS, abi.EACCES},
		{BPFFS + "/d", abi.EACCES},
		{BPFFS + "/d/", abi.EACCES},
		{"/", abi.EACCES},
		{"/tmp/file", abi.EACCES},
		{strings.Repeat("/", 4095), abi.EACCES},
		{"/nodir", abi.ENOENT},
		{"rel", abi.ENOENT},
		{BPFFS + "/d/nope", abi.ENOENT},
		{"", abi.ENOENT},
		{BPFFS + "/" + strings.Repeat("x", 256), abi.ENAMETOOLONG},
	} {
		d := newDesk(t, abi.Hash, 0)
		d.tree()
		_, errno := d.Do(ObjGet{Pathname: d.path(tt.path)})
		require.Equal(t, tt.want, errno, "%s", tt.path)
	}
}

func TestObjPinOrderOfChecks(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	d.want(abi.EINVAL, ObjPin{FD: 9999, Pathname: nowhere})
	d.want(abi.EINVAL, ObjPin{FD: -1, Pathname: nowhere})
	d.want(abi.EINVAL, ObjPin{FD: 0, Pathname: nowhere})
	d.want(abi.EINVAL, ObjPin{FD: d.fd, Pathname: nowhere, Flags: abi.FlagReadOnly})
	d.want(abi.EINVAL, ObjPin{FD: d.fd, Pathname: nowhere, PathFD: 5})
	d.want(abi.EFAULT, ObjPin{FD: d.fd, Pathname: nowhere})
	d.want(abi.EFAULT, ObjPin{FD: d.fd, Pathname: place(d.Arena, 1<<40, []byte("/sys"))})
}

func TestObjGetOrderOfChecks(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	d.want(abi.EINVAL, ObjGet{FD: 3, Pathname: nowhere})
	d.want(abi.EINVAL, ObjGet{Flags: 1, Pathname: nowhere})
	d.want(abi.EINVAL, ObjGet{Flags: accessFlags, Pathname: nowhere})
	d.want(abi.EINVAL, ObjGet{PathFD: 5, Pathname: nowhere})
	d.want(abi.EFAULT, ObjGet{Pathname: nowhere})
}

func TestObjGetAccess(t *testing.T) {
	for flags, want := range map[uint32][2]abi.Errno{
		0: {abi.OK, abi.OK}, abi.FlagReadOnly: {abi.OK, abi.EPERM}, abi.FlagWriteOnly: {abi.EPERM, abi.OK},
	} {
		d := newDesk(t, abi.Hash, 0)
		d.tree()
		fd := d.must(ObjGet{Pathname: d.path(BPFFS + "/x"), Flags: flags})
		d.want(want[0], MapLookupElem{FD: fd, Key: d.key, Value: d.val})
		d.want(want[1], MapUpdateElem{FD: fd, Key: d.key, Value: d.val})
	}
}

// A relative path starts at path_fd, an absolute one ignores it, and an empty one is found out before it.
func TestPathFD(t *testing.T) {
	const dir, file, closed = 20, 0, 999
	for _, tt := range []struct {
		fd            int32
		pin, get, abs abi.Errno
	}{
		{dir, abi.OK, abi.OK, abi.OK},
		{file, abi.ENOTDIR, abi.ENOTDIR, abi.OK},
		{closed, abi.EBADF, abi.EBADF, abi.OK},
		{-1, abi.EBADF, abi.EBADF, abi.OK},
		{AtCWD, abi.EPERM, abi.ENOENT, abi.OK},
	} {
		d := newDesk(t, abi.Hash, 0)
		tree := d.tree()
		require.Equal(t, abi.OK, tree.SetDir(dir, BPFFS+"/d"))
		require.Equal(t, abi.OK, d.Process.Files.(*FDTable).Dup(0, dir))
		get := func(name string) ObjGet {
			return ObjGet{Pathname: d.path(name), Flags: abi.FlagPathFD, PathFD: tt.fd}
		}
		d.want(tt.pin, ObjPin{FD: d.fd, Pathname: d.path("rel"), Flags: abi.FlagPathFD, PathFD: tt.fd})
		d.want(tt.get, get("w"))
		d.want(tt.abs, get(BPFFS+"/x"))
		d.want(abi.ENOENT, get(""))
	}
}

func TestFileTree(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	tree := d.tree()
	list := func(path string, want ...string) {
		t.Helper()
		names, errno := tree.List(path)
		require.Equal(t, abi.OK, errno)
		require.Equal(t, want, names)
	}
	list("/", "sys", "tmp")
	list(BPFFS, "d", "x")
	require.Equal(t, abi.EPERM, tree.Mkdir(BPFFS+"/a.b"))
	require.Equal(t, abi.EEXIST, tree.Mkdir(BPFFS+"/d"))
	require.Equal(t, abi.EISDIR, tree.Unlink(BPFFS+"/d"))
	require.Equal(t, abi.ENOENT, tree.Unlink(BPFFS+"/nope"))
	require.Equal(t, abi.ENOTDIR, tree.SetDir(7, "/tmp/file/x"))
	require.Equal(t, abi.ENAMETOOLONG, tree.Create("/tmp/"+strings.Repeat("x", 256)))
	require.Equal(t, abi.EACCES, tree.Create(BPFFS+"/file"))
	require.Equal(t, abi.EISDIR, tree.Create("/tmp/new/"))
	require.Equal(t, abi.OK, tree.Rename(BPFFS+"/x", BPFFS+"/d/w"), "replaces a pin")
	list(BPFFS, "d")
	list(BPFFS+"/d", "w")
	_, errno := tree.List(BPFFS + "/d/w")
	require.Equal(t, abi.ENOTDIR, errno)
}

// Rename over a pin gives up the reference of the one that was there.
func TestRenameFreesWhatItReplaces(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	tree := d.tree()
	second := d.must(validCreate())
	d.must(ObjPin{FD: second, Pathname: d.path(BPFFS + "/y")})
	d.close(second)
	require.Equal(t, []uint32{1, 2}, ids(d.Kernel))
	require.Equal(t, abi.OK, tree.Rename(BPFFS+"/x", BPFFS+"/y"))
	require.Equal(t, []uint32{1}, ids(d.Kernel))
}
