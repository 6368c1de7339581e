package campaign

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/proptest/kernel"
)

// OpenLinux opens the running kernel. It skips the test where bpf(2) is refused, unless BPFSIM_REQUIRE_KERNEL is set.
func OpenLinux(t *testing.T) *kernel.Linux {
	t.Helper()
	k, err := kernel.NewLinux()
	if err != nil && os.Getenv("BPFSIM_REQUIRE_KERNEL") != "" {
		require.NoError(t, err)
	}
	if err != nil {
		t.Skipf("no comparison with Linux: %v", err)
	}
	t.Cleanup(k.Close)
	return k
}
