//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var sizing = map[string]func(client){"fileSizes": fileSizes}

// Maps have no RLIMIT_FSIZE, though files stand for them here; a command has the limit that it would have without us.
// Beyond the hard limit only large mappable arrays are missing.
func TestFileSizeLimit(t *testing.T) {
	skipIfRefused(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	for limit, want := range map[string]string{
		"-S -f 0": fmt.Sprintf("{0 %d} 0 0", uint64(unix.RLIM_INFINITY)),
		"-f 1000": "{512000 512000} 0 12",
		"-f 0":    "{0 0} 0 12",
	} {
		t.Run(limit, func(t *testing.T) {
			script := `ulimit ` + limit + ` && exec env ` + scenarioVar + `=supervise ` + commandVar + `=fileSizes "$0"`
			out, err := unshared(exe, script).CombinedOutput()
			require.NoError(t, err, string(out))
			require.Equal(t, want+"\n0 <nil>\n", string(out))
		})
	}
}

// fileSizes prints its limit, and what a small map and a large mappable array answer.
func fileSizes(c client) {
	var limit unix.Rlimit
	require.NoError(c, unix.Getrlimit(unix.RLIMIT_FSIZE, &limit))
	_, small := bpf(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	_, large := bpf(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1e6, Flags: abi.FlagMmapable})
	fmt.Println(limit, int(small), int(large))
}
