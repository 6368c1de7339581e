package client

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// hostileName has the tests below do to this process what they should not, in a child.
const hostileName = "BPFSIM_TEST_HOSTILE"

// alone runs a test in a process of its own, which must end by itself and not by a panic.
func alone(t *testing.T, body func()) {
	t.Helper()
	if os.Getenv(hostileName) == t.Name() {
		body()
		return
	}
	if !patched() {
		t.Skip("the notified road has the kernel elsewhere")
	}
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run", "^"+t.Name()+"$", "-test.timeout", "60s")
	cmd.Env = append(os.Environ(), hostileName+"="+t.Name())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// Without fds to spare maps are refused as Linux refuses them, and there again when there is room.
func TestNoFDs(t *testing.T) {
	alone(t, func() {
		limit := unix.Rlimit{}
		require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 40, Max: limit.Max}))
		var all []*ebpf.Map
		var err error
		for err == nil && len(all) < 100 {
			var m *ebpf.Map
			if m, err = ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1}); err == nil {
				all = append(all, m)
			}
		}
		require.ErrorIs(t, err, unix.EMFILE)
		require.Greater(t, len(all), 5)
		for _, m := range all {
			require.NoError(t, m.Put(uint32(1), uint32(2)))
			require.NoError(t, m.Close())
		}
		for range 100 {
			m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
			require.NoError(t, err)
			require.NoError(t, m.Close())
		}
	})
}

// Who closes the fds of others, ours among them, loses maps, and no files.
func TestForeignFDsClosed(t *testing.T) {
	alone(t, func() {
		m := flows(t, 1)
		entries, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		for _, e := range entries {
			if link, _ := os.Readlink("/proc/self/fd/" + e.Name()); strings.HasPrefix(link, "/memfd:") {
				fd, err := strconv.Atoi(e.Name())
				require.NoError(t, err)
				require.NoError(t, unix.Close(fd))
			}
		}
		require.ErrorIs(t, m.Lookup(uint32(0), new(uint64)), unix.EBADF)
		files := make([]*os.File, 10) // which take the numbers
		for i := range files {
			files[i], err = os.CreateTemp(t.TempDir(), "")
			require.NoError(t, err)
		}
		other, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
		require.NoError(t, err)
		require.NoError(t, other.Put(uint32(1), uint32(2)))
		require.NoError(t, other.Close())
		for _, f := range files {
			_, err := f.WriteString("still there")
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}
	})
}

// Signals interrupt nothing: calls never wait in the kernel.
func TestSignals(t *testing.T) {
	alone(t, func() {
		m := flows(t, 100)
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Microsecond):
					_ = unix.Kill(unix.Getpid(), unix.SIGURG)
				}
			}
		}()
		for i := range uint32(20_000) {
			require.NoError(t, m.Put(i%100, uint64(i)))
		}
	})
}

// Tests that were killed leave a directory, which the next ones remove, unless somebody uses it.
func TestKilledTestsAreTidiedUp(t *testing.T) {
	if !patched() {
		t.Skip("bpfsim run makes no directory where it may mount")
	}
	tmp := t.TempDir()
	old := time.Now().Add(-time.Hour)
	leave := func(name string) (dir string) {
		dir = filepath.Join(tmp, "bpfsim-bpffs-"+name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "pin"), nil, 0o600))
		require.NoError(t, os.Chtimes(dir, old, old))
		return dir
	}
	left, used := leave("left"), leave("used")
	held, err := os.Open(used)
	require.NoError(t, err)
	defer held.Close()
	require.NoError(t, unix.Flock(int(held.Fd()), unix.LOCK_SH))
	cmd := exec.Command("/proc/self/exe", "-test.run", "^$")
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoDirExists(t, left)
	require.FileExists(t, filepath.Join(used, "pin"))
	names, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Len(t, names, 1, "its own is gone, too")
}
