package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// newFile is an open file of a map without elements.
func newFile() *File {
	m := &Map{kernel: NewKernel(Options{})}
	m.Hold()
	return NewFile(m, ReadWrite)
}

func TestFDTableGivesTheLowestFreeFD(t *testing.T) {
	files := NewFDTable()
	for want := range int32(5) {
		fd, errno := files.Install(newFile())
		require.Equal(t, abi.OK, errno)
		require.Equal(t, want+3, fd)
	}
	require.Equal(t, abi.OK, files.Close(1))
	require.Equal(t, abi.OK, files.Close(4))
	for _, want := range []int32{1, 4, 8} {
		fd, errno := files.OpenForeign()
		require.Equal(t, abi.OK, errno)
		require.Equal(t, want, fd)
	}
}

func TestFDTableGet(t *testing.T) {
	files := NewFDTable()
	want := newFile()
	fd, _ := files.Install(want)
	got, open := files.Get(fd)
	require.True(t, open)
	require.Same(t, want, got)
	foreign, open := files.Get(2)
	require.True(t, open)
	require.Nil(t, foreign)
	for _, fd := range []int32{-1, -100, 4, 1 << 30} {
		_, open = files.Get(fd)
		require.False(t, open, "%d", fd)
	}
}

func TestFDTableLimit(t *testing.T) {
	files := NewFDTable()
	files.SetLimit(4)
	_, errno := files.Install(newFile())
	require.Equal(t, abi.OK, errno)
	file := newFile()
	_, errno = files.Install(file)
	require.Equal(t, abi.EMFILE, errno)
	require.Equal(t, int32(1), file.refs.Load(), "the reference stays with the caller")
	require.Equal(t, abi.EBADF, files.Dup(3, 4))
}

// dup, fork and close count references to the open file, which counts one to its map.
func TestFDTableReferences(t *testing.T) {
	files := NewFDTable()
	file := newFile()
	fd, _ := files.Install(file)
	require.Equal(t, abi.OK, files.Dup(fd, 500))
	require.Equal(t, abi.OK, files.Dup(fd, fd))
	require.Equal(t, abi.OK, files.Dup(fd, 2), "over a foreign file")
	child := files.Fork()
	require.Equal(t, int32(6), file.refs.Load())
	require.Equal(t, abi.EBADF, files.Dup(501, 5))
	require.Equal(t, abi.EBADF, files.Dup(fd, -1))
	require.Equal(t, abi.OK, files.Dup(0, 500))
	require.Equal(t, int32(5), file.refs.Load(), "the file at 500 was closed")
	files.CloseAll()
	require.Equal(t, int32(3), file.refs.Load())
	require.Equal(t, abi.EBADF, files.Close(fd))
	got, open := child.Get(500)
	require.True(t, open)
	require.Same(t, file, got)
	child.CloseAll()
	require.Zero(t, file.refs.Load())
	require.Zero(t, file.m.refs.Load())
}
