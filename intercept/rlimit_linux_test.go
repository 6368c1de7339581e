//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"context"
	"os"
	"testing"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Root of a user namespace may not raise a limit above the hard one, as an ordinary user may not.
func TestMemlockLimit(t *testing.T) {
	skipIfRefused(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	out, err := unshared(exe, `ulimit -l 64 && exec env `+scenarioVar+`=limits "$0"`).CombinedOutput()
	require.NoError(t, err, string(out))
}

// limits runs unlimited where the limit cannot be raised.
func limits(c client) {
	all := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	require.Equal(c, unix.EPERM, unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &all, nil))
	require.NoError(c, os.Setenv(scenarioVar, "unlimited"))
	code, err := intercept.Run(context.Background(), options("/proc/self/exe"))
	require.NoError(c, err)
	require.Zero(c, code)
}

// unlimited sets limits as cilium/ebpf's rlimit.RemoveMemlock and libbpf do.
func unlimited(c client) {
	const hard = 64 << 10
	all := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	var old, now unix.Rlimit
	require.NoError(c, unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 0, Max: hard}, &old))
	require.Equal(c, unix.Rlimit{Cur: hard, Max: hard}, old)
	require.NoError(c, unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &now))
	require.Equal(c, unix.Rlimit{Cur: 0, Max: hard}, now, "a lower limit is set")
	require.NoError(c, unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &all, nil))
	require.NoError(c, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &all))
	require.NoError(c, unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &now))
	require.Equal(c, unix.Rlimit{Cur: hard, Max: hard}, now)
	require.Equal(c, unix.EINVAL, unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 2, Max: 1}, nil))
	require.Equal(c, unix.ESRCH, unix.Prlimit(1<<30, unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 0, Max: 0}, nil), "of another process")
	require.NoError(c, unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &now))
	require.Equal(c, unix.Rlimit{Cur: hard, Max: hard}, now)
}
