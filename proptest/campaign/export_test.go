package campaign

import (
	"testing"

	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
)

// OpenLinux opens the running kernel. It skips the test where bpf(2) is refused, unless BPFSIM_REQUIRE_KERNEL is set.
func OpenLinux(t *testing.T) *kernel.Linux {
	t.Helper()
	k, err := kernel.NewLinux()
	kerneltest.Need(t, err)
	t.Cleanup(k.Close)
	return k
}
