package proptest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// OpenLinux opens the running kernel. It skips the test where bpf(2) is refused, unless BPFSIM_REQUIRE_KERNEL is set.
func OpenLinux(t *testing.T) *Linux {
	t.Helper()
	k, err := NewLinux()
	if err != nil && os.Getenv("BPFSIM_REQUIRE_KERNEL") != "" {
		require.NoError(t, err)
	}
	if err != nil {
		t.Skipf("no comparison with Linux: %v", err)
	}
	t.Cleanup(k.Close)
	return k
}
