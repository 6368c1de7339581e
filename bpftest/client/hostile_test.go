package client

import (
	"os"
	"os/exec"
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
func TestAllFDsClosed(t *testing.T) {
	alone(t, func() {
		m := flows(t, 1)
		require.NoError(t, unix.CloseRange(20, 1<<16, 0)) // behind those of the runtime, which dies without its poller
		for fd := m.FD(); fd < 20; fd++ {
			_ = unix.Close(fd)
		}
		require.Error(t, m.Lookup(uint32(0), new(uint64)))
		files := make([]*os.File, 30)
		for i := range files {
			var err error
			files[i], err = os.CreateTemp(t.TempDir(), "")
			require.NoError(t, err)
		}
		if other, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1}); err == nil {
			require.NoError(t, other.Put(uint32(1), uint32(2)))
			require.NoError(t, other.Close())
		}
		for _, f := range files {
			_, err := f.WriteString("still there")
			require.NoError(t, err)
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
