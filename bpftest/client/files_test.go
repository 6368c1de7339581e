package client

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Agents make directories in the bpffs, list them, move and remove pins, with package os.
func TestFilesOfTheBPFFS(t *testing.T) {
	bpftest.Kernel(t)
	const dir = "/sys/fs/bpf/bpfsim-agent/maps"
	m := newMap(t, oneFlow)
	require.ErrorIs(t, m.Pin(dir+"/flows"), os.ErrNotExist)
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, m.Pin(dir+"/flows"))
	entries, err := os.ReadDir("/sys/fs//bpf/bpfsim-agent/maps")
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, "flows", entries[0].Name())
	require.NoError(t, os.Rename(dir+"/flows", dir+"/old"))
	_, err = os.Stat(dir + "/flows")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, dir+"/flows", "the name is the caller's")
	found, err := filepath.Glob(dir + "/*")
	require.NoError(t, err)
	require.Equal(t, []string{dir + "/old"}, found)
	again, err := ebpf.LoadPinnedMap(dir+"/old", nil)
	require.NoError(t, err)
	require.NoError(t, again.Close())
	require.NoError(t, os.Remove(dir+"/old"))
	_, err = ebpf.LoadPinnedMap(dir+"/old", nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, m.Pin(dir+"/flows"))
	require.NoError(t, os.RemoveAll("/sys/fs/bpf/bpfsim-agent"))
	_, err = os.Stat("/sys/fs/bpf/bpfsim-agent")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Others take golang.org/x/sys/unix, and ask first whether there is a bpffs.
func TestUnixFilesOfTheBPFFS(t *testing.T) {
	bpftest.Kernel(t)
	var fs unix.Statfs_t
	require.NoError(t, unix.Statfs("/sys/fs/bpf", &fs))
	require.EqualValues(t, unix.BPF_FS_MAGIC, fs.Type)
	require.NoError(t, unix.Statfs("/", &fs))
	require.NotEqualValues(t, unix.BPF_FS_MAGIC, fs.Type)
	const dir = "/sys/fs/bpf/bpfsim-unix"
	require.NoError(t, unix.Mkdir(dir, 0o700))
	require.NoError(t, newMap(t, oneFlow).Pin(dir+"/flows"))
	var st unix.Stat_t
	require.NoError(t, unix.Lstat(dir+"/flows", &st))
	require.NoError(t, unix.Access(dir+"/flows", unix.F_OK))
	require.NoError(t, unix.Rename(dir+"/flows", dir+"/old"))
	require.Equal(t, unix.ENOENT, unix.Stat(dir+"/flows", &st))
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Fstatat(fd, "old", &st, 0))
	require.NoError(t, unix.Unlinkat(fd, "old", 0))
	require.NoError(t, unix.Rmdir(dir))
	require.NoError(t, unix.Stat("/sys", &st), "the rest is the host's")
}

// A pin that is left is named as the agent names it.
func TestLeakedPin(t *testing.T) {
	c := &complaints{TB: t}
	bpftest.Kernel(c)
	m := newMap(t, oneFlow)
	require.NoError(t, os.Mkdir("/sys/fs/bpf/bpfsim-agent", 0o700))
	require.NoError(t, m.Pin("/sys/fs/bpf/bpfsim-agent/flows"))
	require.NoError(t, m.Close())
	c.end()
	require.NotEmpty(t, c.said)
	require.Equal(t, "bpftest: @ is still pinned /sys/fs/bpf/bpfsim-agent/flows", c.said[0])
}
