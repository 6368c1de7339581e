//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestTracefs(t *testing.T) { runScenario(t, "tracefs", options()) }

// tracefs reads the ids of tracepoints, as an ordinary user who may not read the host's.
func tracefs(c client) {
	for _, name := range []string{"/sys/kernel/tracing", "//sys/kernel/tracing/."} {
		var fs unix.Statfs_t
		require.NoError(c, unix.Statfs(name, &fs))
		require.EqualValues(c, unix.TRACEFS_MAGIC, fs.Type)
		text, err := os.ReadFile(name + "/events/syscalls/sys_enter_openat/id")
		require.NoError(c, err)
		require.Equal(c, "782\n", string(text))
		_, err = os.ReadFile(name + "/events/syscalls/bogus/id")
		require.ErrorIs(c, err, unix.ENOENT)
	}
	for _, driver := range []string{"kprobe", "uprobe"} {
		text, err := os.ReadFile("/sys/bus/event_source/devices/" + driver + "/format/retprobe")
		require.NoError(c, err)
		require.Equal(c, "config:0", strings.TrimSpace(string(text)))
	}
}
