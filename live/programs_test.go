package live

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// BPF programs that count in place, in a module of their own.
func TestPrograms(t *testing.T) {
	linuxMachine(t)
	if out, err := goInCounters("mod", "download").CombinedOutput(); err != nil {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_KERNEL"), string(out))
		t.Skipf("cannot download cilium/ebpf: %s", out)
	}
	out, err := goInCounters("test", "-count=1", "-v", ".").CombinedOutput()
	require.NoError(t, err, string(out))
	t.Logf("%s", out)
}

func goInCounters(args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = "counters"
	return cmd
}
