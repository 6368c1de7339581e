package intercept

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func newMap(t testing.TB) *bpfsys.Map {
	t.Helper()
	caller := bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: 1}))
	fd, errno := caller.Do(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.Equal(t, abi.OK, errno)
	file, open := caller.Process.Files.Get(fd)
	require.True(t, open)
	return file.Map()
}

// pinFile makes a file the pin of m.
func (all *pins) pinFile(t *testing.T, path string, m *bpfsys.Map) inode {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, all.add(int(file.Fd()), m))
	var st unix.Stat_t
	require.NoError(t, unix.Fstat(int(file.Fd()), &st))
	return inodeOf(&st)
}

// Where inotify is used up, pins end with their last name all the same.
func TestPinsWithoutWatches(t *testing.T) {
	all, dir := newPins(), t.TempDir()
	all.notify = 1 << 20 // no fd
	id := all.pinFile(t, filepath.Join(dir, "a"), newMap(t))
	require.NoError(t, os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "b")))
	require.NoError(t, os.Remove(filepath.Join(dir, "a")))
	require.NotNil(t, all.at(id))
	require.NoError(t, os.Remove(filepath.Join(dir, "b")))
	require.Nil(t, all.at(id))
	require.Empty(t, all.handled)
}

// A full queue loses events (fs.inotify.max_queued_events, 16384 by default, two for each pin).
func TestPinsSurviveLostEvents(t *testing.T) {
	const many = 10000
	dir, err := os.MkdirTemp("/dev/shm", "bpfsim-test-") // disks take long for so many
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	all, m := newPins(), newMap(t)
	kept := all.pinFile(t, filepath.Join(dir, "kept"), m)
	for i := range many {
		all.pinFile(t, filepath.Join(dir, strconv.Itoa(i)), m)
	}
	for i := range many {
		require.NoError(t, os.Remove(filepath.Join(dir, strconv.Itoa(i))))
	}
	all.sweep()
	require.Equal(t, 1, len(all.byInode))
	require.Equal(t, 1, len(all.byWatch))
	require.NotNil(t, all.at(kept))
	all.close()
}

// The inode number of a file that is gone may be given to another at once.
func TestPinsOfReusedInodes(t *testing.T) {
	all, dir, m := newPins(), t.TempDir(), newMap(t)
	for i := range 100 {
		path := filepath.Join(dir, strconv.Itoa(i))
		id := all.pinFile(t, path, m)
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.Nil(t, all.at(id))
		require.Empty(t, all.byInode)
		require.NoError(t, os.Remove(path))
	}
	all.close()
}
