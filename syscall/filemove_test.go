package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// furnished is a tree with the pins x, y and d/p, the empty directory e, and d.
func furnished(t *testing.T) *FileTree {
	d := newDesk(t, abi.Hash, 0)
	tree := d.tree()
	require.Equal(t, abi.OK, tree.Unlink(BPFFS+"/d/w"))
	fd := d.must(validCreate())
	for _, name := range []string{"/y", "/d/p"} {
		d.must(ObjPin{FD: fd, Pathname: d.path(BPFFS + name)})
	}
	require.Equal(t, abi.OK, tree.Mkdir(BPFFS+"/e"))
	return tree
}

// As a bpffs of Linux 6.18 answers (TestTreeAgainstLinux of package proptest).
func TestRename(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		want     abi.Errno
	}{
		"pin to a free name":             {"/x", "/z", abi.OK},
		"pin over a pin":                 {"/x", "/y", abi.OK},
		"pin onto itself":                {"/x", "/x", abi.OK},
		"pin into a directory":           {"/x", "/d/x", abi.OK},
		"pin over a directory":           {"/x", "/e", abi.EISDIR},
		"pin to a name with a slash":     {"/x", "/z/", abi.ENOTDIR},
		"pin named with a slash":         {"/x/", "/z", abi.ENOTDIR},
		"directory to a free name":       {"/d", "/z", abi.OK},
		"directory to a name with slash": {"/d/", "/z/", abi.OK},
		"directory over an empty one":    {"/d", "/e", abi.OK},
		"directory over a full one":      {"/e", "/d", abi.ENOTEMPTY},
		"directory over a pin":           {"/e", "/x", abi.ENOTDIR},
		"directory into itself":          {"/d", "/d/z", abi.EINVAL},
		"directory over its parent":      {"/d/p", "/d", abi.ENOTEMPTY},
		"absent":                         {"/n", "/z", abi.ENOENT},
		"absent to a name with a dot":    {"/n", "/a.b", abi.ENOENT},
		"to a name with a dot":           {"/x", "/a.b", abi.EPERM},
		"from a name with a dot":         {"/a.b", "/z", abi.EPERM},
		"absent to below a pin":          {"/n", "/x/z", abi.ENOTDIR},
		"absent to below nothing":        {"/n", "/q/z", abi.ENOENT},
		"from below a pin":               {"/x/n", "/q/z", abi.ENOTDIR},
		"a directory's own name":         {"/d/.", "/z", abi.EBUSY},
		"to the parent":                  {"/x", "/d/..", abi.EBUSY},
		"to another file system":         {"/x", "/../../../tmp/x", abi.EXDEV},
		"the mount point":                {"", "/../z", abi.EPERM},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, furnished(t).Rename(BPFFS+c.from, BPFFS+c.to))
		})
	}
	require.Equal(t, abi.ENOENT, furnished(t).Rename("", BPFFS+"/z"))
}

// What was in a directory is there under its new name.
func TestRenameTakesContentsAlong(t *testing.T) {
	tree := furnished(t)
	require.Equal(t, abi.OK, tree.Rename(BPFFS+"/d", BPFFS+"/e"))
	names, errno := tree.List(BPFFS + "/e")
	require.Equal(t, abi.OK, errno)
	require.Equal(t, []string{"p"}, names)
	names, _ = tree.List(BPFFS)
	require.Equal(t, []string{"e", "x", "y"}, names)
}

func TestRmdir(t *testing.T) {
	for path, want := range map[string]abi.Errno{
		BPFFS + "/e": abi.OK, BPFFS + "/e/": abi.OK, BPFFS + "/d": abi.ENOTEMPTY, BPFFS + "/x": abi.ENOTDIR,
		BPFFS + "/n": abi.ENOENT, BPFFS + "/x/n": abi.ENOTDIR, BPFFS + "/e/.": abi.EINVAL, BPFFS + "/e/..": abi.ENOTEMPTY,
		BPFFS: abi.EBUSY, "/": abi.EBUSY, "": abi.ENOENT, BPFFS + "/a.b": abi.EPERM,
	} {
		t.Run(path, func(t *testing.T) { require.Equal(t, want, furnished(t).Rmdir(path)) })
	}
}
